// What a role needs: SQL that a database's owner runs, and an engine that may make nothing.
#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>

#include "integration/shared_database.hpp"
#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("postgres rights");

TEST_CASE("PostgreSQL: after the printed SQL an engine without further rights does everything, watched queues included")
{
    const shared_database other;  // whose schema names the role
    const database_role role{other};
    const postgres_schema schema;
    child_process owner{
        {"/bin/sh",
         "-c",
         "\"$0\" \"$1\" \"$2\" \"$2\" \"$2\" | psql -q -v ON_ERROR_STOP=1 \"$3\"",
         program("COFILA_POSTGRES_SQL"),
         schema.name(),
         role.name,
         postgres_target()}
    };
    CHECK(owner.read_rest().empty());
    REQUIRE(owner.wait() == 0);
    const pg_connection theirs{role.target()};
    CHECK(theirs.run("CREATE TABLE " + schema.name() + ".x (y int)").find("permission denied") != std::string::npos);
    run_coro([&]() -> asio::awaitable<void> {
        auto made = co_await engine::open(
            {.database = role.target(), .maintenance = std::nullopt, .schema = schema.name(), .migrate = false}
        );
        auto queue = made.queue<std::string, std::string>("texts");
        co_await queue.set_event_log(9);
        co_await queue.set_metrics(9);
        co_await queue.add("first", "text", {.id = "first", .group = "g"});
        theirs.run("BEGIN");
        enqueue(theirs.db(), queue, "second", "text");
        theirs.run("COMMIT");
        theirs.run(
            "INSERT INTO " + schema.name() + ".cofila_inbox (queue, name, data) VALUES ('texts', 'third', '\"x\"')"
        );
        const auto work = [](text_job job) -> asio::awaitable<std::string> { co_return job.data(); };
        worker<std::string, std::string> worker{queue, work};
        queue.events().drained.connect([&](const drained_event&) { worker.stop(); });
        co_await worker.run();
        const auto metrics = co_await queue.get_metrics();
        std::uint64_t completed = 0;
        for (const auto& minute : metrics.minutes)
            completed += minute.completed.count;
        CHECK(completed == 3);
        auto first = co_await queue.get_job("first");
        CHECK(first->state() == job_state::completed);
        co_await first->remove();
        co_await queue.set_event_log({});
        co_await queue.set_metrics({});
        co_await queue.obliterate();
        co_await made.close();
    });
}

TEST_CASE("PostgreSQL: a name that is no schema's gets no SQL")
{
    CHECK(error_of([] { postgres::schema_sql("x\"; DROP"); }).field == "schema");
    CHECK(postgres::schema_sql().find("CREATE SCHEMA \"cofila\"") != std::string::npos);
}

TEST_SUITE_END();
