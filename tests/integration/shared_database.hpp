#pragma once
#include <cofila/cofila.hpp>
#include <cofila/postgres.hpp>

#include <boost/asio/awaitable.hpp>

#include <libpq-fe.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "postgres/statements.hpp"
#include "support/postgres_schema.hpp"
#include "support/run_coro.hpp"

namespace cofila::test {

using text_queue = queue<std::string, std::string>;
using text_job = job<std::string, std::string>;

/// The application's own connection, as libpq makes it.
class pg_connection {
public:
    explicit pg_connection(const std::string& target = postgres_target()) : link_{PQconnectdb(target.c_str())}
    {
        PQsetNoticeProcessor(link_.get(), [](void*, const char*) {}, nullptr);
        if (PQstatus(link_.get()) != CONNECTION_OK)
            throw std::runtime_error{PQerrorMessage(link_.get())};
    }

    PGconn& db() const { return *link_; }
    /// The first value of the result, or what the server says against it.
    std::string run(const std::string& sql) const
    {
        const postgres::result all{PQexec(link_.get(), sql.c_str())};
        const auto status = PQresultStatus(all.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            return PQresultErrorMessage(all.get());
        return PQntuples(all.get()) > 0 ? PQgetvalue(all.get(), 0, 0) : "";
    }
    /// What other drivers than libpq are to us.
    postgres::sql_rows run_text(const std::string& sql, const std::vector<postgres::sql_value>& parameters) const
    {
        std::vector<const char*> values;
        for (const auto& one : parameters)
            values.push_back(one ? one->c_str() : nullptr);
        const auto count = static_cast<int>(values.size());
        const postgres::result all{
            PQexecParams(link_.get(), sql.c_str(), count, nullptr, values.data(), nullptr, nullptr, 0)
        };
        if (PQresultStatus(all.get()) != PGRES_TUPLES_OK && PQresultStatus(all.get()) != PGRES_COMMAND_OK)
            throw std::runtime_error{PQresultErrorMessage(all.get())};
        postgres::sql_rows out(static_cast<std::size_t>(PQntuples(all.get())));
        for (std::size_t row = 0; row < out.size(); ++row)
            for (int column = 0; column < PQnfields(all.get()); ++column) {
                const auto at = static_cast<int>(row);
                const bool is_null = PQgetisnull(all.get(), at, column) != 0;
                out[row].push_back(
                    is_null ? std::nullopt : std::optional<std::string>{PQgetvalue(all.get(), at, column)}
                );
            }
        return out;
    }

private:
    struct closing {
        void operator()(PGconn* made) const noexcept { PQfinish(made); }
    };
    std::unique_ptr<PGconn, closing> link_;
};

/// A schema of ours, with a table of the application's in it.
struct shared_database {
    postgres_schema schema{};

    shared_database()
    {
        with_engine([](engine&) -> boost::asio::awaitable<void> { co_return; });
        pg_connection{}.run(text("CREATE TABLE @effects (id text)"));
    }

    engine_options options() const
    {
        return {.database = postgres_target(), .maintenance = std::nullopt, .schema = schema.name()};
    }
    /// `@name` stands for a name in the schema.
    std::string text(const std::string& sql) const { return postgres::with_schema(sql.c_str(), schema.name()); }
    std::string ask(const std::string& sql) const { return pg_connection{}.run(text(sql)); }
    std::string effects() const { return ask("SELECT count(*) FROM @effects"); }

    /// An engine on it without maintenance, so that nothing runs by itself.
    void with_engine(std::function<boost::asio::awaitable<void>(engine&)> use) const
    {
        run_coro([this, &use]() -> boost::asio::awaitable<void> {
            auto made = co_await engine::open(options());
            co_await use(made);
            co_await made.close();
        });
    }
    void with_queue(std::function<boost::asio::awaitable<void>(text_queue)> use) const
    {
        with_engine([&use](engine& made) -> boost::asio::awaitable<void> {
            co_await use(made.queue<std::string, std::string>("texts"));
        });
    }
};

/// A role that may log in, with no rights yet; removed at the end of the scope.
struct database_role {
    explicit database_role(const shared_database& in) : name{"role_" + in.schema.name()}
    {
        pg_connection{}.run("CREATE ROLE " + name + " LOGIN");
    }
    database_role(const database_role&) = delete;
    database_role& operator=(const database_role&) = delete;
    ~database_role()
    {
        pg_connection{}.run("DROP OWNED BY " + name);
        pg_connection{}.run("DROP ROLE " + name);
    }

    std::string target() const { return postgres_target() + " user=" + name; }

    const std::string name;
};

}  // namespace cofila::test
