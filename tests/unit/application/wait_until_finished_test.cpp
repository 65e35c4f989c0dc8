#include <stdexcept>
#include <string>
#include <utility>

#include "app.hpp"
#include "waiting.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("waiting for the end of a job");

QUEUE_CASE("a wait answers the result when the job is completed, at once and however it is")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting before{a, queue, "a"};
    co_await a.clock->pass(1s);
    CHECK_FALSE(before.state->ended);
    auto held = co_await take(queue);
    waiting during{a, queue, "a"};
    co_await a.clock->pass(1s);
    CHECK_FALSE(during.state->ended);
    co_await queue.complete(std::move(held), 42);
    co_await settle();
    for (const auto* wait : {&before, &during}) {
        CHECK(wait->state->result == 42);
        CHECK(wait->state->at == 2s);
    }
    CHECK(a.clock->sleepers() == 0);
}

QUEUE_CASE("a wait for a job that has finished already answers without waiting")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    auto held = co_await take(queue);
    co_await queue.complete(std::move(held), 42);
    const auto result = co_await queue.wait_until_finished("a", 0ms);
    CHECK(result == 42);
    CHECK(a.store->calls(op::changed) == 0);
}

APP_CASE("a wait through the handle of a job is the same")
{
    auto queue = a.engine.queue<int, std::string>("q");
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    const auto early = co_await error_of(job.wait_until_finished(0ms));
    CHECK(early.code == errc::timed_out);
    const auto act = [](cofila::job<int, std::string> one) -> asio::awaitable<std::string> {
        co_return "result of " + one.id().str();
    };
    shift worker{queue, act};
    const auto result = co_await job.wait_until_finished(1h);
    CHECK(result == "result of a");
    co_await worker.finish();
}

QUEUE_CASE("a wait for a job that fails throws its reason")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting before{a, queue, "a"};
    auto held = co_await take(queue);
    co_await queue.fail(std::move(held), {.message = "boom"});
    co_await settle();
    CHECK(before.state->thrown.code == errc::job_failed);
    CHECK(before.state->thrown.text == "job 'a' has failed: boom");
    const auto after = co_await error_of(queue.wait_until_finished("a", 1h));
    CHECK(after.code == errc::job_failed);
    CHECK(after.text == "job 'a' has failed: boom");
}

QUEUE_CASE("an attempt that fails is not the end where another one is left")
{
    (void)co_await queue.add("x", 1, {.id = "a", .attempts = 2, .backoff = backoff::fixed(300ms)});
    const auto act = [](job<int, int> job) -> asio::awaitable<int> {
        if (job.attempts_made() == 0)
            throw std::runtime_error{"boom"};
        co_return 42;
    };
    shift worker{queue, act};
    waiting wait{a, queue, "a"};
    co_await a.clock->pass(1s);
    CHECK(wait.state->result == 42);
    CHECK(wait.state->at == 300ms);
    co_await worker.finish();
}

QUEUE_CASE("a wait learns the result of a job that is removed as soon as it ends")
{
    const auto at_once = retention::remove_at_once();
    (void)co_await queue.add("x", 1, {.id = "a", .on_completed = at_once});
    waiting completed{a, queue, "a"};
    co_await settle();
    auto held = co_await take(queue);
    co_await queue.complete(std::move(held), 42);
    (void)co_await queue.add("x", 1, {.id = "b", .on_failed = at_once});
    waiting failed{a, queue, "b"};
    co_await settle();
    held = co_await take(queue);
    co_await queue.fail(std::move(held), {.message = "boom"});
    co_await settle();
    CHECK(completed.state->result == 42);
    CHECK(failed.state->thrown.code == errc::job_failed);
    const auto too_late = co_await error_of(queue.wait_until_finished("a", 1h));
    CHECK(too_late.code == errc::not_found);
}

QUEUE_CASE("a wait ends when the job is removed, one by one or with others")
{
    for (const auto* id : {"a", "b"})
        (void)co_await queue.add("x", 1, {.id = id});
    waiting one{a, queue, "a"};
    waiting other{a, queue, "b"};
    co_await a.clock->pass(1s);
    (void)co_await queue.remove("a");
    co_await settle();
    CHECK(one.state->thrown.code == errc::not_found);
    CHECK_FALSE(other.state->ended);
    (void)co_await queue.drain();
    co_await settle();
    CHECK(other.state->thrown.code == errc::not_found);
    CHECK(other.state->at == 1s);
}

QUEUE_CASE("a wait for a job that was never added ends at once")
{
    (void)co_await a.engine.queue<int, int>("other").add("x", 1, {.id = "a"});
    const auto e = co_await error_of(queue.wait_until_finished("a", 1h));
    CHECK(e.code == errc::not_found);
    CHECK(e.text.starts_with("job 'a' does not exist (any more)"));
}

QUEUE_CASE("the end of one job disturbs no wait for another")
{
    co_await add_numbered(queue, 3);
    waiting first{a, queue, "0"};
    waiting same{a, queue, "0"};
    waiting other{a, queue, "1"};
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 3}};
    co_await settle();
    const auto reads = a.store->calls(op::get);
    here.let_out({"2"});
    co_await settle();
    CHECK(a.store->calls(op::get) == reads);
    here.let_out({"0"});
    co_await settle();
    CHECK(first.state->result == 42);
    CHECK(same.state->result == 42);
    CHECK_FALSE(other.state->ended);
    here.let_out({"1"});
    co_await settle();
    CHECK(other.state->result == 42);
    co_await worker.finish();
}

QUEUE_CASE("a wait ends when its job expires, is cancelled or stalled too often", maintenance_options{.interval = 1s})
{
    (void)co_await queue.add("x", 1, {.id = "stalls", .max_stalled_count = 0});
    (void)co_await queue.fetch_next_and_lock({.lock_duration = 1s});
    (void)co_await queue.add("x", 1, {.id = "expires", .ttl = 2s});
    (void)co_await queue.add("x", 1, {.id = "cancelled"});
    waiting stalled{a, queue, "stalls"};
    waiting expired{a, queue, "expires"};
    waiting cancelled{a, queue, "cancelled"};
    co_await settle();
    co_await queue.cancel("cancelled", "why");
    co_await settle();
    CHECK(cancelled.state->thrown.text == "job 'cancelled' has failed: cancelled: why");
    co_await a.clock->pass(20s);
    CHECK(expired.state->thrown.code == errc::job_failed);
    CHECK(expired.state->thrown.text.starts_with("job 'expires' has failed: expired"));
    CHECK(stalled.state->thrown.code == errc::job_failed);
}

QUEUE_CASE("a job that is cancelled and removed at once has failed for who waits for it")
{
    (void)co_await queue.add("x", 1, {.id = "a", .on_failed = retention::remove_at_once()});
    waiting end{a, queue, "a"};
    co_await settle();
    co_await queue.cancel("a", "no more");
    co_await settle();
    CHECK(end.state->thrown.code == errc::job_failed);
    CHECK(end.state->thrown.text == "job 'a' has failed: cancelled: no more");
}

TEST_SUITE_END();
