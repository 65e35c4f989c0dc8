// What ends a claim that waits, other than a job.
#include <boost/asio/error.hpp>

#include "app.hpp"
#include "fetching.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: waiting for jobs by hand");

QUEUE_CASE("a claim returns nothing if no job comes before its wait ends")
{
    fetching fetch{a, queue, {.wait = 700ms}};
    co_await a.clock->pass(699ms);
    CHECK(fetch.told() == "waits");
    co_await a.clock->pass(1ms);
    CHECK(fetch.told() == "nothing at 700");
    CHECK(a.clock->sleepers() == 0);
    fetching longest{a, queue, {.wait = milliseconds::max()}};
    co_await a.clock->pass(1min);
    CHECK(longest.told() == "waits");
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(longest.told() == "a at 60700");
}

TEST_CASE("a claim that waits ends when its queue is closed, or the engine")
{
    for (const bool engine : {false, true})
        run_app([engine](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            fetching fetch{a, queue, {.wait = 1h}};
            co_await a.clock->pass(1s);
            if (engine)
                co_await a.engine.close();
            else
                co_await queue.close();
            co_await settle();
            CHECK(fetch.state->ended);
            CHECK(fetch.state->thrown.code == errc::closed);
            CHECK(a.clock->sleepers() == 0);
        });
}

QUEUE_CASE("a claim that waits ends when it is cancelled, and leaves the jobs that come alone")
{
    fetching fetch{a, queue, {.wait = 1h}};
    co_await a.clock->pass(1s);
    fetch.tasks.cancel();
    co_await settle();
    CHECK(fetch.state->thrown.code == asio::error::operation_aborted);
    CHECK(fetch.state->at == 1s);
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
}

QUEUE_CASE("a claim that was under way when it was cancelled gives back what it took")
{
    co_await queue.add("x", 1, {.id = "a"});
    a.store->hold_answer(op::settle);
    fetching fetch{a, queue, {.wait = 1h}};
    co_await settle();
    fetch.tasks.cancel();
    co_await settle();
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(fetch.state->thrown.code == asio::error::operation_aborted);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
}

QUEUE_CASE("a claim that waits throws what the store throws, and waits no more")
{
    fetching fetch{a, queue, {.wait = 1h}};
    co_await settle();
    a.store->fail(op::settle);
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(fetch.state->thrown.code == errc::storage_busy);
    CHECK(a.clock->sleepers() == 0);
}

TEST_SUITE_END();
