#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "app.hpp"
#include "notes.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("waiting for the end of a job");

namespace {

using int_queue = queue<int, int>;

/// A wait as a task of its own.
struct waiting {
    waiting(app& a, int_queue on, job_id id, milliseconds timeout = 1h) : tasks{a.executor}
    {
        tasks.spawn(keep(a, std::move(on), std::move(id), timeout, state));
    }

    struct outcome {
        bool ended = false;
        std::optional<int> result{};
        thrown_error thrown{};
        milliseconds at{};
    };

    static asio::awaitable<void> keep(
        app& a, int_queue on, job_id id, milliseconds timeout, std::shared_ptr<outcome> out
    )
    {
        const auto wait = [&]() -> asio::awaitable<void> {
            out->result = co_await on.wait_until_finished(id, timeout);
        };
        out->thrown = co_await error_of(wait());
        out->at = a.elapsed();
        out->ended = true;
    }

    std::shared_ptr<outcome> state = std::make_shared<outcome>();
    task_group tasks;
};

}  // namespace

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

QUEUE_CASE("the end of a job in another process is noticed when the store tells of a change")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting wait{a, queue, "a"};
    co_await a.clock->pass(1s);
    auto other = co_await engine::open(a.options());
    auto there = other.queue<int, int>("q");
    auto held = co_await take(there);
    co_await there.complete(std::move(held), 42);
    co_await settle();
    CHECK_FALSE(wait.state->ended);
    a.store->changes.set();
    co_await settle();
    CHECK(wait.state->result == 42);
    CHECK(wait.state->at == 1s);
}

QUEUE_CASE("the end of a job in another process is found by the safety poll at the latest")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting wait{a, queue, "a"};
    co_await a.clock->pass(1s);
    auto other = co_await engine::open(a.options());
    auto there = other.queue<int, int>("q");
    auto held = co_await take(there);
    co_await there.complete(std::move(held), 42);
    co_await a.clock->pass(3'999ms);
    CHECK_FALSE(wait.state->ended);
    co_await a.clock->pass(1ms);
    CHECK(wait.state->result == 42);
}

QUEUE_CASE("a job that ends while the wait first looks is not overlooked")
{
    (void)co_await queue.add("x", 1, {.id = "a", .on_completed = retention::remove_at_once()});
    a.store->hold_answer(op::get);
    waiting wait{a, queue, "a"};
    co_await settle();
    REQUIRE(a.store->held(op::get) == 1);  // has found it waiting
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    REQUIRE(seen.take() == lines{"a at 0"});
    a.store->let_go(op::get);
    co_await settle();
    CHECK(wait.state->result == 1);
    co_await worker.finish();
}

QUEUE_CASE("a job that is removed while the wait first looks is not overlooked")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    a.store->hold_answer(op::get);
    waiting wait{a, queue, "a"};
    co_await settle();
    (void)co_await queue.remove("a");
    a.store->let_go(op::get);
    co_await settle();
    CHECK(wait.state->thrown.code == errc::not_found);
    CHECK(wait.state->at == 0ms);
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
