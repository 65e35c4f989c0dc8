#include <memory>
#include <string>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: closing");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("F10: a close lets running jobs finish, while their locks are renewed and nothing new is taken")
{
    for (const auto* id : {"a", "b", "c"})
        co_await queue.add("x", 1, {.id = id});
    patient here{a};
    recorder own;
    recorder events{queue.events()};
    shift worker{own, queue, here.processor_of(), {.concurrency = 2, .lock_duration = 10s, .grace = 1min}};
    co_await settle();
    closing close{a, worker};
    co_await a.clock->pass(59'999ms);
    CHECK(here.started == 2);
    CHECK(here.ended == 0);
    CHECK_FALSE(close.state->ended);
    CHECK_FALSE(worker.ended());
    const auto job = co_await stored(a, "q", "a");
    CHECK(*job.locked_until > a.clock->wall_now());
    here.out.open();
    co_await settle();
    CHECK(close.state->ended);
    const auto report = co_await worker.join();
    for (const auto& told : {report, close.state->report}) {
        CHECK(told.finished == ids({"a", "b"}));
        CHECK(told.cancelled.empty());
        CHECK(told.released.empty());
        CHECK(told.abandoned.empty());
    }
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1, .completed = 2});
    CHECK(own.take().back() == "closed");
    CHECK(events.take() == lines{"active a", "active b", "completed a 42", "completed b 42"});
    CHECK(a.clock->sleepers() == 0);
}

QUEUE_CASE("an idle worker closes at once")
{
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    co_await worker.close();
    CHECK(a.elapsed() == 0ms);
    co_await worker.join();
    co_await settle();
    CHECK(own.take() == lines{"ready", "closing", "closed"});
}

QUEUE_CASE("F12: after the grace running jobs are cancelled and wait again, with no attempt or stall counted")
{
    co_await queue.add("x", 1, {.id = "a", .attempts = 1, .backoff = backoff::fixed(1s)});
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 5s}};
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    worker.stop();
    co_await a.clock->pass(4'999ms);
    CHECK(here.ended == 0);
    co_await a.clock->pass(1ms);
    CHECK(here.aborted == 1);
    CHECK(a.elapsed() == 5s);
    const auto report = co_await worker.join();
    CHECK(report.finished.empty());
    CHECK(report.cancelled == ids({"a"}));
    CHECK(report.released.empty());
    CHECK(report.abandoned.empty());
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
    CHECK(job.attempts_started == 1);
    CHECK(job.stalled_count == 0);
    CHECK(job.attempts.empty());
    CHECK_FALSE(job.locked_until);
    co_await settle();
    CHECK(events.take() == lines{"released a"});
    CHECK(own.take() == lines{"closing", "closed"});
}

QUEUE_CASE("a released job keeps its place before those that were added later")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    co_await worker.close(0ms);
    co_await worker.join();
    const auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].job.id() == "a");
}

QUEUE_CASE("a result that is returned after the cancellation by a close is accepted")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    here.when_cancelled = 7;
    shift worker{queue, here.processor_of()};
    co_await settle();
    co_await worker.close(0ms);
    const auto report = co_await worker.join();
    CHECK(here.aborted == 1);
    CHECK(report.finished == ids({"a"}));
    CHECK(report.cancelled.empty());
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.result == "7");
}

QUEUE_CASE(
    "F13: a processor deaf to cancellation is abandoned a second later: its job waits again, its result is dropped"
)
{
    co_await queue.add("x", 1, {.id = "a"});
    door out{a.executor};
    int ended = 0;
    auto used = std::make_shared<int>(1);
    const std::weak_ptr<int> seen = used;
    auto act = [inner = deaf(out, ended), used = std::move(used)](int_job job) { return inner(std::move(job)); };
    auto worker = std::make_unique<cofila::worker<int, int>>(queue, std::move(act), worker_options{.grace = 5s});
    running run{*worker};
    co_await settle();
    recorder events{queue.events()};
    worker->stop();
    co_await a.clock->pass(5'999ms);
    CHECK_FALSE(run.ended());
    co_await a.clock->pass(1ms);
    CHECK(run.ended());
    const auto report = co_await run.join();
    CHECK(report.released == ids({"a"}));
    CHECK(report.abandoned == ids({"a"}));
    CHECK(report.finished.empty());
    CHECK(report.cancelled.empty());
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
    CHECK(job.stalled_count == 0);
    CHECK(events.take() == lines{"released a"});

    worker.reset();
    CHECK_FALSE(seen.expired());  // the processor is kept until its last attempt has ended
    out.open();
    co_await settle();
    CHECK(ended == 1);
    CHECK(seen.expired());
    job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.result.empty());
    CHECK(events.take() == lines{});
}

QUEUE_CASE("an abandoned processor can neither write nor harm who runs the job next")
{
    co_await queue.add("x", 1, {.id = "a"});
    door out{a.executor};
    thrown_error log;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await out.pass_stubbornly();
        log = co_await error_of(job.log("late"));
        co_return 1;
    };
    shift worker{queue, act};
    co_await settle();
    closing close{a, worker, 0ms};
    co_await a.clock->pass(1s);
    const auto report = co_await worker.join();
    CHECK(report.abandoned == ids({"a"}));
    auto next = co_await queue.fetch_next_and_lock({});
    REQUIRE(next.size() == 1);
    out.open();
    co_await settle();
    CHECK(log.code == errc::lock_lost);
    co_await queue.complete(next[0].claim, 2);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.result == "2");
}

QUEUE_CASE("a close reports each job by what became of it")
{
    for (const auto* id : {"finishes", "fails", "is cancelled", "is deaf"})
        co_await queue.add("x", 1, {.id = id});
    door in_time{a.executor};
    door never{a.executor};
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        if (job.id() == "is deaf")
            co_await never.pass_stubbornly();
        else if (job.id() == "is cancelled")
            co_await never.pass();
        else
            co_await in_time.pass();
        if (job.id() == "fails")
            throw std::runtime_error{"boom"};
        co_return 1;
    };
    shift worker{queue, act, {.concurrency = 4, .grace = 10s}};
    co_await settle();
    worker.stop();
    in_time.open();
    co_await a.clock->pass(11s);
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"finishes", "fails"}));
    CHECK(report.cancelled == ids({"is cancelled"}));
    CHECK(report.released == ids({"is deaf"}));
    CHECK(report.abandoned == ids({"is deaf"}));
    never.open();
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 2, .completed = 1, .failed = 1});
}

QUEUE_CASE("a second close with less grace shortens it, one with more does not lengthen it")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 30s}};
    co_await settle();
    closing first{a, worker};
    co_await a.clock->pass(1s);
    closing second{a, worker, 5s};
    co_await a.clock->pass(1s);
    closing third{a, worker, 1h};
    co_await a.clock->pass(3'999ms);
    CHECK(here.ended == 0);
    co_await a.clock->pass(1ms);
    CHECK(here.aborted == 1);
    CHECK(first.state->ended);
    CHECK(second.state->ended);
    CHECK(third.state->ended);
    for (const auto& told : {first.state->report, second.state->report, third.state->report})
        CHECK(told.cancelled == ids({"a"}));
    co_await worker.join();
}

QUEUE_CASE("another close while cancelled jobs end does not take their last second away")
{
    co_await queue.add("x", 1, {.id = "a"});
    door out{a.executor};
    const auto tidy = [&](int_job) -> asio::awaitable<int> {
        co_await out.pass_stubbornly();
        co_return 1;
    };
    shift worker{queue, tidy, {.grace = 0ms}};
    co_await settle();
    worker.stop();
    co_await a.clock->pass(500ms);
    worker.stop();
    closing close{a, worker, 0ms};
    co_await a.clock->pass(499ms);
    CHECK_FALSE(worker.ended());
    out.open();
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
    CHECK(report.abandoned.empty());
}

QUEUE_CASE("F11: stop any number of times is one close")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.grace = 5s}};
    co_await settle();
    own.take();
    for (int i = 0; i < 5; ++i) {
        worker.stop();
        co_await a.clock->pass(500ms);
    }
    CHECK(here.ended == 0);
    here.out.open();
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
    worker.stop();
    const auto again = co_await worker.close();
    CHECK(again.finished == ids({"a"}));
    co_await settle();
    CHECK(own.take() == lines{"closing", "job_processed a x", "closed"});
}

TEST_SUITE_END();
