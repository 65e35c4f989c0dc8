// Jobs that are completed in transactions of the application's own.
#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>

#include "integration/shared_database.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("postgres completion");

namespace {

using act_by_libpq = std::function<void(const pg_connection&, text_job)>;
using lines = std::vector<std::string>;

/// Runs the jobs of the queue, each by `act` and returning "returned", until nothing is left.
asio::awaitable<lines> process_all(text_queue queue, act_by_libpq act)
{
    const auto run_job = [&](text_job job) -> asio::awaitable<std::string> {
        const pg_connection mine;
        act(mine, std::move(job));
        co_return "returned";
    };
    lines told;
    worker<std::string, std::string> worker{queue, run_job};
    auto& events = queue.events();
    events.completed.connect([&](const completed_event& e) { told.push_back("completed " + e.result); });
    events.retrying.connect([&](const retrying_event& e) { told.push_back("retrying: " + e.error.message); });
    events.removed.connect([&](const removed_event&) { told.push_back("removed"); });
    worker.events().lock_lost.connect([&](const lock_lost_event&) { told.push_back("lost"); });
    events.drained.connect([&](const drained_event&) { worker.stop(); });
    co_await worker.run();
    co_return told;
}

}  // namespace

TEST_CASE("PostgreSQL: committed, the effect and the end of the job are there; rolled back, neither, and it is retried")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a", .attempts = 2});
        const auto told = co_await process_all(queue, [&](const pg_connection& mine, text_job job) {
            mine.run("BEGIN");
            mine.run(store.text("INSERT INTO @effects VALUES ('x')"));
            complete_in(mine.db(), job, "attempt " + std::to_string(job.attempts_started()));
            mine.run(job.attempts_started() == 2 ? "COMMIT" : "ROLLBACK");
        });
        CHECK(told == lines{"retrying: transaction not committed", "completed \"attempt 2\""});
        const auto job = co_await queue.get_job("a");
        CHECK(job->state() == job_state::completed);
        CHECK(job->result() == "attempt 2");
        CHECK(job->attempts_made() == 2);
        CHECK(store.effects() == "1");
    });
}

TEST_CASE("PostgreSQL: a job that is removed at once is completed, and then removed")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a", .on_completed = retention::remove_at_once()});
        const auto told = co_await process_all(queue, [](const pg_connection& mine, text_job job) {
            mine.run("BEGIN");
            const auto run = [&](const auto& sql, const auto& values) { return mine.run_text(sql, values); };
            complete_in(run, job, "committed");
            mine.run("COMMIT");
        });
        CHECK(told == lines{"completed \"committed\"", "removed"});
        CHECK(store.ask("SELECT count(*) FROM @jobs") == "0");
    });
}

TEST_CASE("PostgreSQL: a lock that was lost rolls the application's write back, and the other attempt's stays")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a"});
        thrown_error refused;
        const auto told = co_await process_all(queue, [&](const pg_connection& mine, text_job job) {
            const bool is_first = job.attempts_started() == 1;
            if (is_first)  // as the sweep of another process does
                mine.run(store.text("UPDATE @live SET state = 0, stalled_count = 1, token = NULL, locked_until = NULL")
                );
            mine.run("BEGIN");
            mine.run(store.text("INSERT INTO @effects VALUES ('x')"));
            refused = error_of([&] { complete_in(mine.db(), job, "done"); });
            mine.run(refused.code ? "ROLLBACK" : "COMMIT");
            CHECK(refused.code.failed() == is_first);
            if (!is_first)
                return;
            CHECK(refused.code == errc::lock_lost);
            throw error{errc::lock_lost, refused.text};
        });
        CHECK(told == lines{"lost", "completed \"done\""});
        CHECK(store.effects() == "1");
    });
}

TEST_CASE("PostgreSQL: what cannot be completed is refused, and the transaction goes on")
{
    const shared_database store;
    store.with_engine([&](engine& made) -> asio::awaitable<void> {
        auto queue = made.queue<std::string, std::string>("texts", queue_options{.size_limit = 100});
        co_await queue.add("x", "text", {.id = "a"});
        const auto not_held = co_await queue.get_job("a");
        const auto held = (co_await queue.fetch_next_and_lock({})).at(0).job;
        const pg_connection mine;
        const auto refusal = [&](const text_job& job, const std::string& result) {
            return error_of([&] { complete_in(mine.db(), job, result); });
        };
        CHECK(refusal(held, "r").field == "db");
        mine.run("BEGIN");
        mine.run(store.text("INSERT INTO @effects VALUES ('x')"));
        CHECK(refusal(*not_held, "r").code == errc::wrong_state);
        CHECK(refusal(held, std::string(200, 'x')).code == errc::payload_too_large);
        CHECK_FALSE(refusal(held, "first").code);
        CHECK(refusal(held, "second").code == errc::wrong_state);
        mine.run("COMMIT");
        const auto job = co_await queue.get_job("a");
        CHECK(job->result() == "first");
        CHECK(store.effects() == "1");
    });
}

TEST_SUITE_END();
