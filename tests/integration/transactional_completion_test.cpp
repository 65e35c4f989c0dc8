#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <string>
#include <utility>

#include "integration/shared_file.hpp"
#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("transactional completion");

namespace {

using text_worker = worker<std::string, std::string>;
using act_on = std::function<void(app_connection&, text_job)>;

/// Runs the jobs of the queue, each by `act` and returning "returned", until nothing is left.
asio::awaitable<std::vector<std::string>> process(
    text_queue queue, std::string path, act_on act, worker_options options = {}
)
{
    const auto run_job = [&](text_job job) -> asio::awaitable<std::string> {
        app_connection mine{path};
        act(mine, std::move(job));
        co_return "returned";
    };
    std::vector<std::string> told;
    text_worker worker{queue, run_job, std::move(options)};
    auto& events = queue.events();
    events.completed.connect([&](const completed_event& e) { told.push_back("completed " + e.result); });
    events.retrying.connect([&](const retrying_event& e) { told.push_back("retrying: " + e.error.message); });
    events.failed.connect([&](const failed_event& e) { told.push_back("failed: " + e.reason); });
    events.removed.connect([&](const removed_event&) { told.push_back("removed"); });
    worker.events().job_processed.connect([&](const job_processed_event&) { told.push_back("processed"); });
    worker.events().lock_lost.connect([&](const lock_lost_event&) { told.push_back("lost"); });
    events.drained.connect([&](const drained_event&) { worker.stop(); });
    co_await worker.run();
    co_return told;
}

using lines = std::vector<std::string>;

void add_effect(app_connection& mine) { mine.db.exec("INSERT INTO effects VALUES ('x')"); }

}  // namespace

TEST_CASE("committed: the effect and the end of the job are there, and the result is the transaction's")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a", .attempts = 3});
        const auto told = co_await process(queue, file.path, [](app_connection& mine, text_job job) {
            app_transaction both{mine};
            add_effect(mine);
            complete_in(mine.db, job, "committed");
            both.commit();
        });
        CHECK(told == lines{"completed \"committed\"", "processed"});
        const auto job = co_await queue.get_job("a");
        CHECK(job->state() == job_state::completed);
        CHECK(job->result() == "committed");
        CHECK(job->attempts_made() == 1);
        CHECK(job->attempts().empty());
        CHECK(app_connection{file.path}.effects() == 1);
    });
}

TEST_CASE("a job without a result is completed without one")
{
    const shared_file file;
    file.with_engine([&](engine& made) -> asio::awaitable<void> {
        auto queue = made.queue<std::string, void>("silent");
        co_await queue.add("x", "text", {.id = "a"});
        worker<std::string, void> worker{queue, [&](job<std::string, void> job) -> asio::awaitable<void> {
                                             app_connection mine{file.path};
                                             app_transaction both{mine};
                                             add_effect(mine);
                                             complete_in(mine.db, job);
                                             both.commit();
                                             co_return;
                                         }};
        queue.events().drained.connect([&](const drained_event&) { worker.stop(); });
        co_await worker.run();
        const auto job = co_await queue.get_job("a");
        REQUIRE(job);
        CHECK(job->state() == job_state::completed);
        CHECK(app_connection{file.path}.effects() == 1);
    });
}

TEST_CASE("rolled back: neither is there, the attempt has failed, and the next one does both once")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a", .attempts = 2});
        const auto told = co_await process(queue, file.path, [](app_connection& mine, text_job job) {
            app_transaction both{mine};
            add_effect(mine);
            complete_in(mine.db, job, "attempt " + std::to_string(job.attempts_started()));
            if (job.attempts_started() == 2)
                both.commit();
        });
        CHECK(told == lines{"retrying: transaction not committed", "completed \"attempt 2\"", "processed"});
        const auto job = co_await queue.get_job("a");
        CHECK(job->attempts_made() == 2);
        REQUIRE(job->attempts().size() == 1);
        CHECK(job->attempts()[0].error.message == "transaction not committed");
        CHECK(app_connection{file.path}.effects() == 1);
    });
}

TEST_CASE("an attempt may try again by itself: what counts is what was committed")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a"});
        const auto told = co_await process(queue, file.path, [](app_connection& mine, text_job job) {
            for (const bool commits : {false, true}) {
                app_transaction both{mine};
                complete_in(mine.db, job, commits ? "second" : "first");
                if (commits)
                    both.commit();
            }
        });
        CHECK(told == lines{"completed \"second\"", "processed"});
    });
}

TEST_CASE("a lock that was lost rolls the application's write back, and the other attempt's stays")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a"});
        thrown_error refused;
        const auto told = co_await process(queue, file.path, [&](app_connection& mine, text_job job) {
            if (job.attempts_started() == 1)  // as the sweep of another process does
                mine.db.exec("UPDATE cofila_jobs SET stalled_count = 1, attempts_started = 1; "
                             "INSERT INTO cofila_waiting SELECT queue, priority, position, key, 2 FROM cofila_jobs; "
                             "DELETE FROM cofila_active");
            refused = error_of([&] {
                app_transaction both{mine};
                add_effect(mine);
                complete_in(mine.db, job, "attempt " + std::to_string(job.attempts_started()));
                both.commit();
            });
            if (job.attempts_started() == 1) {
                CHECK(refused.code == errc::lock_lost);
                CHECK(mine.effects() == 0);
                throw error{errc::lock_lost, refused.text};
            }
            CHECK_FALSE(refused.code);
        });
        CHECK(told == lines{"lost", "completed \"attempt 2\"", "processed"});
        CHECK(app_connection{file.path}.effects() == 1);
    });
}

TEST_CASE("a job that is removed at once is completed, and then removed")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a", .on_completed = retention::remove_at_once()});
        const auto told = co_await process(queue, file.path, [](app_connection& mine, text_job job) {
            app_transaction both{mine};
            complete_in(mine.db, job, "committed");
            both.commit();
        });
        CHECK(told == lines{"completed \"committed\"", "removed", "processed"});
        CHECK(app_connection{file.path}.ask("SELECT count(*) FROM cofila_jobs") == 0);
    });
}

TEST_CASE("a processor on an executor of its own completes its jobs there")
{
    const shared_file file;
    asio::thread_pool pool{2};
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        std::vector<job_spec<std::string>> jobs(20, {.name = "x", .data = "text"});
        co_await queue.add_bulk(std::move(jobs));
        const auto act = [](app_connection& mine, text_job job) {
            app_transaction both{mine};
            add_effect(mine);
            complete_in(mine.db, job, std::string(1000, 'x'));  // longer than what a row holds
            both.commit();
        };
        const auto told = co_await process(queue, file.path, act, {.concurrency = 4, .executor = pool.get_executor()});
        CHECK(std::ranges::count(told, "processed") == 20);
        CHECK(std::ranges::count(told, "completed \"" + std::string(1000, 'x') + '"') == 20);
        CHECK(app_connection{file.path}.effects() == 20);
    });
    pool.join();
}

TEST_CASE("a job claimed by hand can be completed so too; then its claim has ended")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "text", {.id = "a"});
        const auto taken = co_await queue.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        app_connection mine{file.path};
        app_transaction both{mine};
        complete_in(mine.db, taken[0].job, "committed");
        both.commit();
        const auto e = co_await error_of(queue.complete(taken[0].claim, "too late"));
        CHECK(e.code == errc::lock_lost);
        const auto job = co_await queue.get_job("a");
        CHECK(job->result() == "committed");
    });
}

TEST_CASE("what cannot be completed is refused, and the transaction goes on")
{
    const shared_file file;
    file.with_engine([&](engine& made) -> asio::awaitable<void> {
        auto queue = made.queue<std::string, std::string>("texts", queue_options{.size_limit = 100});
        co_await queue.add("x", "text", {.id = "a"});
        const auto not_held = co_await queue.get_job("a");
        const auto held = (co_await queue.fetch_next_and_lock({})).at(0).job;
        app_connection mine{file.path};
        const auto refusal = [&](const text_job& job, const std::string& result) {
            return error_of([&] { complete_in(mine.db, job, result); });
        };
        auto e = refusal(held, "r");
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.text.find("must be in a transaction of yours") != std::string::npos);
        mine.db.exec("BEGIN");
        e = refusal(held, "r");
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.text.find("BEGIN IMMEDIATE") != std::string::npos);
        mine.db.exec("ROLLBACK");

        app_transaction both{mine};
        add_effect(mine);
        CHECK(refusal(*not_held, "r").code == errc::wrong_state);
        CHECK(refusal(held, std::string(200, 'x')).code == errc::payload_too_large);
        CHECK_FALSE(refusal(held, "first").code);
        CHECK(refusal(held, "second").code == errc::wrong_state);
        both.commit();
        CHECK(refusal(*not_held, "r").code == errc::wrong_state);
        const auto job = co_await queue.get_job("a");
        CHECK(job->result() == "first");
        CHECK(mine.effects() == 1);
    });
}

TEST_CASE("a process that is killed: the effect and the end of the job agree, and nothing is done twice")
{
    // Killed once it has printed the line; then another process does what is left.
    struct {
        const char* killed_after;
        bool done;
    } const cases[] = {{"started", false}, {"written", false}, {"committed", true}};
    for (const auto& c : cases) {
        CAPTURE(c.killed_after);
        const shared_file file;
        file.with_queue([](text_queue queue) -> asio::awaitable<void> {
            co_await queue.add("last", "text", {.id = "last", .max_stalled_count = 2});
        });
        const std::vector<std::string> command{program("COFILA_TEST_CHILD"), "pay", file.path};
        app_connection mine{file.path};
        const auto completed = [&] {
            return mine.ask("SELECT count(*) FROM cofila_finished WHERE state = 4 AND result = '\"paid\"'");
        };
        child_process killed{command};
        killed.read_until("ready");
        while (killed.read_line() != std::string{c.killed_after} + " last")
            killed.write_line("go on");
        killed.send(SIGKILL);
        CHECK(killed.wait() == 128 + SIGKILL);
        CHECK(mine.effects() == int{c.done});
        CHECK(completed() == int{c.done});
        if (c.done)
            continue;
        child_process second{command};
        second.read_until("started last");
        for (int step = 0; step < 3; ++step)
            second.write_line("go on");
        second.read_until("completed last");
        CHECK(second.wait() == 0);
        CHECK(mine.effects() == 1);
        CHECK(completed() == 1);
    }
}

TEST_SUITE_END();
