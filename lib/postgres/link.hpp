#pragma once
#include <cofila/clock.hpp>
#include <cofila/durability.hpp>
#include <cofila/logger.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "postgres/parameters.hpp"

struct pg_conn;
struct pg_result;

namespace cofila::postgres {

class server_clock;

struct link_options {
    std::string target{};  ///< A URL or a conninfo string. Never shown: it may hold a password.
    std::string schema = "cofila";
    cofila::durability durability = cofila::durability::full;
    milliseconds operation_deadline = std::chrono::seconds{30};
    std::shared_ptr<cofila::clock> clock{};
    std::shared_ptr<server_clock> adjusts{};           ///< Is set by the server's clock. May be null.
    std::shared_ptr<std::atomic<bool>> prepares{};     ///< See `link::prepares`. May be null: they do.
    std::shared_ptr<const std::atomic<bool>> hurry{};  ///< True to give up waiting for the server. May be null.
    logger log{};
    bool read_only = false;
    bool listens = false;  ///< Hears the notifications of other processes.
    bool migrate = true;   ///< May create and change the schema.
};

/// An error that the server reported. The transaction it happened in is undone.
class sql_error : public std::runtime_error {
public:
    sql_error(std::string state, const std::string& text) : std::runtime_error{text}, state_{std::move(state)} {}
    /// Five characters, see "PostgreSQL Error Codes".
    const std::string& state() const noexcept { return state_; }

private:
    std::string state_;
};

/// There is no connection any more. What was sent last may have been done.
class link_lost : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The same behind a COMMIT.
class commit_lost : public link_lost {
public:
    using link_lost::link_lost;
};

struct releaser {
    void operator()(pg_result* made) const noexcept;
    void operator()(pg_conn* made) const noexcept;
};
using result = std::unique_ptr<pg_result, releaser>;
/// The error that a result reports.
sql_error error_of(const result& failed);

/// A statement that is sent together with others.
struct message {
    std::string name{};  ///< Of a prepared one, or a text without parameters.
    bool is_prepared = true;
    parameters values{};
    std::function<void(result)> take{};  ///< Gets the result; null: nobody wants it.
};

/// A connection to a server, with the settings that our statements need. Used by one thread at a time. Throws
/// `sql_error` and `link_lost`.
class link {
public:
    /// Connects within `operation_deadline`. Errors: as `connect_error` in problem.hpp has them.
    explicit link(link_options options);
    link(const link&) = delete;
    link& operator=(const link&) = delete;

    /// Runs commands without parameters in one round trip, and returns the result of the last one. Each of them sees
    /// what was committed when it began.
    result run(const std::string& commands);
    /// Names a statement for `run_prepared`.
    void prepare(const std::string& name, const std::string& sql);
    result run_prepared(const std::string& name, const parameters& values);
    /// Runs a statement that has no name.
    result run_whole(const std::string& sql, const parameters& values);
    /// Runs several in one round trip, each after the one before it. The first error ends them.
    void run_all(std::span<const message> all);
    /// Sends a command without waiting for its answer, which is read before the next one. If it fails, nobody learns
    /// of that.
    void send_aside(const std::string& command);
    /// Takes the notifications that have arrived. Returns whether one came from another process of the server than
    /// `own`.
    bool heard_others(int own) noexcept;

    /// Runs what was left to be done and ends the transaction, however long that takes, in one round trip. Throws
    /// `commit_lost` if it may be stored or not. `waits_behind`: the transaction itself was told not to wait for the
    /// disk.
    void commit(std::vector<message> last = {}, bool waits_behind = false);
    /// Returns when all that was committed before is as durable as `link_options::durability` says.
    void wait_for_disk();

    /// True while a transaction is open and no error has ended it.
    bool in_transaction() const noexcept;
    /// True while a transaction is open, or one that an error has ended.
    bool needs_rollback() const noexcept;
    bool is_lost() const noexcept;

    const std::string& schema() const noexcept { return options_.schema; }
    const link_options& options() const noexcept { return options_; }
    /// What to call the store in messages: host, port, database and schema.
    const std::string& name() const noexcept { return name_; }
    /// The server's process behind the connection.
    int backend() const noexcept;
    /// Whether statements may have names, and settings stay for longer than a transaction.
    bool prepares() const noexcept { return !options_.prepares || *options_.prepares; }
    /// The command that a transaction has to begin with; empty if everything is set already.
    std::string settings() const;
    /// The command that ends this process from another connection, if it still runs.
    const std::string& ending() const noexcept { return ending_; }
    int socket() const noexcept;
    /// As in 150004.
    int server_version() const noexcept;
    /// A setting that the server has reported, such as `server_encoding`; "" for an unknown one.
    std::string parameter(const char* name) const;

private:
    struct answers {
        std::vector<result> fine{};
        result failed{};  // the first error
    };

    void connect();
    void apply_settings();
    std::string wait_for_commits() const;
    void begin_waiting(bool may_hurry);
    void wait(short events);
    void flush();
    result answer();
    void ready_to_send();
    answers all_answers(int sent, bool may_hurry);
    answers run_in_pipeline(std::span<const message> all, bool may_hurry);
    result checked(int sent);
    sql_error failure(const result& failed);
    void stop_preparing();
    void take_notice(const pg_result* notice) noexcept;
    [[noreturn]] void lose(const std::string& why);

    const link_options options_;
    std::unique_ptr<pg_conn, releaser> link_{};  // null once it is lost
    std::string name_{};
    std::string ending_{};
    steady_time deadline_{};
    bool may_hurry_ = true;
    bool is_answered_ = true;  // what was sent aside
    bool was_warned_ = false;  // by the server, since something was sent
};

/// The lock of a schema, and the command that takes it until the transaction ends: only one transaction at a time
/// changes what is stored, or the schema itself.
std::string lock_name(const std::string& schema);
std::string lock_command(const std::string& schema);

}  // namespace cofila::postgres
