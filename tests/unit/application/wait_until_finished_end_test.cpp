// Waits that end without the result of the job.
#include <string>
#include <utility>

#include "app.hpp"
#include "waiting.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("waiting for the end of a job");

QUEUE_CASE("a wait ends with its time, and says what the job is")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting wait{a, queue, "a", 12'345ms};
    co_await a.clock->pass(1min);
    CHECK(wait.state->thrown.code == errc::timed_out);
    CHECK(wait.state->thrown.text == "job 'a' is waiting still");
    CHECK(wait.state->at == 12'345ms);
    for (const auto timeout : {0ms, -1ms, milliseconds::min()}) {
        const auto e = co_await error_of(queue.wait_until_finished("a", timeout));
        CHECK(e.code == errc::timed_out);
    }
}

QUEUE_CASE("the longest wait is one without end")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting wait{a, queue, "a", milliseconds::max()};
    co_await a.clock->pass(1h);
    CHECK_FALSE(wait.state->ended);
    auto held = co_await take(queue);
    co_await queue.complete(std::move(held), 42);
    co_await settle();
    CHECK(wait.state->result == 42);
}

QUEUE_CASE("a wait that is cancelled ends, and the job goes on")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting wait{a, queue, "a"};
    co_await a.clock->pass(1s);
    wait.tasks.cancel();
    co_await settle();
    CHECK(wait.state->thrown.code == asio::error::operation_aborted);
    CHECK(a.clock->sleepers() == 0);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
}

TEST_CASE("a wait ends when its queue is closed, or the engine")
{
    for (const bool engine : {false, true})
        run_app([engine](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            (void)co_await queue.add("x", 1, {.id = "a"});
            waiting wait{a, queue, "a"};
            co_await a.clock->pass(1s);
            if (engine)
                co_await a.engine.close();
            else
                co_await queue.close();
            co_await settle();
            CHECK(wait.state->thrown.code == errc::closed);
            CHECK(a.clock->sleepers() == 0);
            const auto e = co_await error_of(queue.wait_until_finished("a", 1h));
            CHECK(e.code == errc::closed);
        });
}

APP_CASE("a result that the caller's type does not fit is told as that")
{
    auto queue = a.engine.queue<int, std::string>("q");
    (void)co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await queue.fetch_next_and_lock({});
    co_await queue.complete(taken.at(0).claim, "text");
    const auto e = co_await error_of(a.engine.queue<int, int>("q").wait_until_finished("a", 1s));
    CHECK(e.code == errc::payload_undecodable);
}

QUEUE_CASE("a wait throws what the store throws, and waits no more")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    a.store->fail(op::get);
    const auto e = co_await error_of(queue.wait_until_finished("a", 1s));
    CHECK(e.code == errc::storage_busy);
    CHECK(a.clock->sleepers() == 0);
}

TEST_SUITE_END();
