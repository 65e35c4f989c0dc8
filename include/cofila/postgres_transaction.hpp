#pragma once
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// A connection of libpq, as <libpq-fe.h> declares it: `PGconn`.
struct pg_conn;

/// How cofila/postgres.hpp reaches a transaction of the application.
namespace cofila::postgres {

/// A value as PostgreSQL writes it as text; unset: NULL.
using sql_value = std::optional<std::string>;
using sql_rows = std::vector<std::vector<sql_value>>;
/// Runs one statement on the application's connection, with the values of its parameters $1, $2 ..., whose types are
/// left to the server. Returns the rows of the result. For programs with another driver than libpq.
using sql_function = std::function<sql_rows(const std::string& sql, const std::vector<sql_value>& parameters)>;

struct transaction_options {
    /// Workers are not notified at the commit. They find the jobs when they poll. A notification holds a lock of the
    /// whole server while the transaction commits.
    bool quiet = false;
    /// For calls that name a queue by a text. Otherwise the engine of the queue knows it.
    std::string schema = "cofila";
};

/// The application's open transaction. Must not outlive its connection.
class transaction {
public:
    /// The connection must not be in pipeline mode.
    transaction(pg_conn& db, transaction_options options = {}) : db_{&db}, options_{std::move(options)} {}
    template <class Run>
        requires std::is_invocable_r_v<sql_rows, Run&, const std::string&, const std::vector<sql_value>&>
    transaction(Run run, transaction_options options = {}) : run_{std::move(run)},
                                                             options_{std::move(options)}
    {}

    /// Null if there is a function.
    pg_conn* db() const noexcept { return db_; }
    const sql_function& run() const noexcept { return run_; }
    const transaction_options& options() const noexcept { return options_; }

private:
    pg_conn* db_ = nullptr;
    sql_function run_{};
    transaction_options options_{};
};

}  // namespace cofila::postgres
