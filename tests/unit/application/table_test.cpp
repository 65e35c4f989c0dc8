// The rows of the table of transitions (docs: semantics) with their events and counters. Those that need a sweep or an
// executor are in the tests of the maintenance and of executors too.
#include <string>
#include <utility>

#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("table of transitions: events");

namespace {

using int_outcome = outcome<int>;

/// A queue with its events, and the words for a job "a" in it.
struct row {
    explicit row(app& from) : a{from}, queue{from.engine.queue<int, int>("q")}, events{queue.events()} {}

    app& a;
    cofila::queue<int, int> queue;
    recorder events;

    asio::awaitable<void> add(job_options options = {})
    {
        options.id = "a";
        co_await queue.add("x", 1, std::move(options));
        co_await settle();
        events.take();
    }
    asio::awaitable<claim> active(job_options options = {})
    {
        co_await add(std::move(options));
        auto taken = co_await queue.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        co_await settle();
        events.take();
        co_return taken[0].claim;
    }
    asio::awaitable<void> fail(claim held) { return queue.fail(std::move(held), failure{.message = "boom"}); }
    /// A worker runs the job once, and what the processor answers is `end`.
    asio::awaitable<void> run(int_outcome end, milliseconds takes = {})
    {
        door out{a.executor};
        const auto act = [&](job<int, int>) -> asio::awaitable<int_outcome> {
            if (takes > 0ms)
                co_await out.pass();
            co_return end;
        };
        worker<int, int> worker{queue, act};
        running run{worker};
        co_await settle();
        worker.stop();
        co_await a.clock->pass(takes);
        co_await run.join();
    }
    /// `counters`: attempts started and made, rescues, deferrals.
    asio::awaitable<void> check(job_state state, std::string counters, lines told)
    {
        co_await settle();
        CHECK(events.take() == told);
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == state);
        CHECK(
            std::to_string(job.attempts_started) + " " + std::to_string(job.attempts_made) + " " +
                std::to_string(job.stalled_count) + " " + std::to_string(job.deferrals) ==
            counters
        );
    }
};

using row_body = asio::awaitable<void> (*)(row&);

void run_row(row_body body)
{
    run_app([body](app& a) -> asio::awaitable<void> {
        row here{a};
        co_await body(here);
    });
}

}  // namespace

TEST_CASE("delayed -> waiting: due at a claim, or promoted")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add({.delay = 1s});
        r.a.clock->advance(1s);
        (void)co_await r.queue.fetch_next_and_lock({});
        co_await r.check(job_state::active, "1 0 0 0", {"waiting a from delayed", "active a"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add({.delay = 1s});
        co_await r.queue.promote("a");
        co_await r.check(job_state::waiting, "0 0 0 0", {"waiting a from delayed"});
    });
}

TEST_CASE("active -> completed")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.queue.complete(co_await r.active(), 7);
        co_await r.check(job_state::completed, "1 1 0 0", {"completed a 7"});
    });
}

TEST_CASE("active -> delayed or waiting: failed with attempts left")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.fail(co_await r.active({.attempts = 2, .backoff = backoff::fixed(1s)}));
        co_await r.check(job_state::delayed, "1 1 0 0", {"retrying a after 1000 made 1 boom"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.fail(co_await r.active({.attempts = 2}));
        co_await r.check(job_state::waiting, "1 1 0 0", {"retrying a after 0 made 1 boom"});
    });
}

TEST_CASE("active -> failed: attempts exhausted, unrecoverable, timed out, cancelled")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.fail(co_await r.active());
        co_await r.check(job_state::failed, "1 1 0 0", {"failed a boom", "retries_exhausted a 1"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        auto held = co_await r.active({.attempts = 9});
        co_await r.queue.fail(std::move(held), failure{.message = "boom", .unrecoverable = true});
        co_await r.check(job_state::failed, "1 1 0 0", {"failed a boom"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add({.timeout = 5s});
        co_await r.run(7, 5s);
        co_await r.check(
            job_state::failed, "1 1 0 0", {"active a", "failed a timed out after 5000 ms", "retries_exhausted a 1"}
        );
    });
    run_row([](row& r) -> asio::awaitable<void> {
        auto held = co_await r.active();
        co_await r.queue.cancel("a", "why");
        co_await r.check(job_state::active, "1 0 0 0", {});
        co_await r.queue.release(std::move(held));
        co_await r.check(job_state::failed, "1 1 0 0", {"failed a cancelled: why"});
    });
}

TEST_CASE("waiting or delayed -> failed: expired, or cancelled before it started")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add({.ttl = 1s});
        r.a.clock->advance(1s);
        (void)co_await r.queue.fetch_next_and_lock({});
        co_await r.check(job_state::failed, "0 0 0 0", {"failed a expired"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add({.delay = 1h, .ttl = 1s});
        r.a.clock->advance(1s);
        r.queue.start_maintenance();
        co_await r.check(job_state::failed, "0 0 0 0", {"failed a expired"});
    });
    for (const auto wait : {0ms, 1000ms})
        run_app([wait](app& a) -> asio::awaitable<void> {
            row r{a};
            co_await r.add({.delay = wait});
            co_await r.queue.cancel("a", "why");
            co_await r.check(job_state::failed, "0 0 0 0", {"failed a cancelled: why"});
        });
}

TEST_CASE("active -> delayed or waiting: put off")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add();
        co_await r.run(delay_for{.wait = 5s});
        co_await r.check(job_state::delayed, "1 0 0 1", {"active a", "delayed a until 5000", "drained"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add();
        co_await r.run(delay_until{.at = r.a.at(7s)});
        co_await r.check(job_state::delayed, "1 0 0 1", {"active a", "delayed a until 7000", "drained"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add();
        co_await r.run(rate_limited{.wait = 5s});
        co_await r.check(job_state::waiting, "1 0 0 1", {"active a", "waiting a from active"});
    });
}

TEST_CASE("active -> waiting: released")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.queue.release(co_await r.active());
        co_await r.check(job_state::waiting, "1 0 0 0", {"released a"});
    });
}

TEST_CASE("failed or completed -> waiting: retry")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.queue.complete(co_await r.active(), 7);
        co_await r.queue.retry("a", {.keep_attempts = true});
        co_await r.check(job_state::waiting, "1 1 0 0", {"completed a 7", "waiting a from completed"});
    });
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.fail(co_await r.active());
        co_await r.queue.retry("a");
        co_await r.check(
            job_state::waiting, "1 0 0 0", {"failed a boom", "retries_exhausted a 1", "waiting a from failed"}
        );
    });
}

TEST_CASE("any but active -> removed: one at a time, or many")
{
    run_row([](row& r) -> asio::awaitable<void> {
        co_await r.add();
        co_await r.queue.remove("a");
        co_await settle();
        CHECK(r.events.take() == lines{"removed a"});
        co_await r.add();
        co_await r.queue.drain();
        co_await settle();
        CHECK(r.events.take() == lines{"cleaned 1"});
        (void)co_await r.active();
        co_await r.queue.obliterate(true);
        co_await settle();
        CHECK(r.events.take() == lines{"cleaned 1"});
        const auto counts = co_await r.queue.get_job_counts();
        CHECK(counts == job_counts{});
    });
}

TEST_SUITE_END();
