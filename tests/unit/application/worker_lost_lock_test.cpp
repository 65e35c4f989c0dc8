// Locks that a worker loses while a job runs.
#include <algorithm>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: locks");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("F14: a processor whose lock is another's is cancelled at its next co_await, and its outcome is dropped")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.lock_duration = 30s}};
    co_await settle();
    own.take();
    worker.pause();
    co_await rescue(a, "q", "a");
    auto other = co_await queue.fetch_next_and_lock({});
    REQUIRE(other.size() == 1);
    recorder events{queue.events()};
    co_await a.clock->pass(14'999ms);
    CHECK(here.ended == 0);
    co_await a.clock->pass(1ms);  // the renewal
    CHECK(here.aborted == 1);
    CHECK(own.take() == lines{"lock_lost a"});
    CHECK(events.take() == lines{});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::active);
    CHECK(job.token == other[0].claim.token);
    CHECK(job.attempts_made == 0);
    CHECK(job.stalled_count == 1);
    co_await queue.complete(other[0].claim, 2);
    const auto claims = a.store->calls(op::settle);
    co_await worker.close();
    const auto report = co_await worker.join();
    CHECK(a.store->calls(op::settle) == claims);
    CHECK(report.finished.empty());
    CHECK(report.released.empty());
    CHECK(report.cancelled.empty());
    CHECK(report.abandoned.empty());
    const auto after = co_await stored(a, "q", "a");
    CHECK(after.result == "2");
}

QUEUE_CASE("F14: a result that comes after the lock was lost unnoticed is dropped, with one lock_lost")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    own.take();
    worker.pause();
    co_await rescue(a, "q", "a");
    auto other = co_await queue.fetch_next_and_lock({});
    REQUIRE(other.size() == 1);
    co_await queue.complete(other[0].claim, 2);
    recorder events{queue.events()};
    here.out.open();
    co_await settle();
    CHECK(here.ended == 1);
    CHECK(own.take() == lines{"lock_lost a"});
    CHECK(events.take() == lines{});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.result == "2");
    CHECK(job.attempts_made == 1);
    worker.resume();
    co_await queue.add("x", 1, {.id = "b"});  // the worker goes on
    co_await settle();
    CHECK(own.take() == lines{"job_active b x 1", "job_processed b x"});
    co_await worker.finish();
}

QUEUE_CASE("progress and log throw lock_lost once the lock is another's")
{
    co_await queue.add("x", 1, {.id = "a"});
    door go{a.executor};
    thrown_error progress;
    thrown_error log;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        co_await go.pass();
        progress = co_await error_of(job.update_progress(1));
        log = co_await error_of(job.log("line"));
        co_return 1;
    };
    shift worker{queue, act};
    co_await settle();
    worker.pause();
    co_await rescue(a, "q", "a");
    go.open();
    co_await settle();
    CHECK(progress.code == errc::lock_lost);
    CHECK(log.code == errc::lock_lost);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.progress.empty());
    co_await worker.finish();
}

QUEUE_CASE("a worker that cannot renew gives the lock up for lost by the steady clock")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.lock_duration = 30s}};
    co_await settle();
    own.take();
    worker.pause();
    a.store->hold_before(op::extend);  // never answers
    a.clock->step_wall(-1h);
    co_await a.clock->pass(29'999ms);
    CHECK(a.store->held(op::extend) == 1);
    CHECK(here.ended == 0);
    co_await a.clock->pass(1ms);
    CHECK(here.aborted == 1);
    CHECK(own.take() == lines{"lock_lost a"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::active);  // nothing was reported
    CHECK(job.attempts_made == 0);
    a.store->let_go(op::extend);
    co_await worker.finish();
}

QUEUE_CASE("a job that the same worker is given again runs anew, and its old run is told that it has lost it")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.concurrency = 2}};
    co_await settle();
    own.take();
    co_await rescue(a, "q", "a");
    a.store->changes.set();
    co_await settle();
    CHECK(here.started == 2);
    CHECK(here.aborted == 1);
    auto seen = own.take();
    std::ranges::sort(seen);
    CHECK(seen == lines{"job_active a x 1", "lock_lost a"});
    here.out.open();
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.attempts_made == 1);
    CHECK(job.attempts_started == 2);
    CHECK(own.take() == lines{"job_processed a x"});
    co_await worker.finish();
}

QUEUE_CASE("a lock that was fenced while its settlement was under way is reported once")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.lock_duration = 30s}};
    co_await settle();
    own.take();
    worker.pause();
    a.store->hold_before(op::settle);
    a.store->hold_before(op::extend);
    here.out.open();
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 1);
    co_await a.clock->pass(30s);
    CHECK(own.take() == lines{"lock_lost a"});
    co_await rescue(a, "q", "a");
    a.store->let_go(op::settle);
    a.store->let_go(op::extend);
    co_await settle();
    CHECK(own.take() == lines{});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    co_await worker.finish();
}

QUEUE_CASE(
    "a processor deaf to cancellation keeps its slot until it ends or is stuck, and what it then returns is dropped"
)
{
    co_await queue.add("x", 1, {.id = "a"});
    door out{a.executor};
    int ended = 0;
    const auto deaf = [&](int_job job) -> asio::awaitable<int> {
        if (job.id() == "a")
            co_await out.pass_stubbornly();
        ++ended;
        co_return 1;
    };
    recorder own;
    shift worker{own, queue, deaf, {.lock_duration = 30s, .stuck_after = 1h}};
    co_await settle();
    own.take();
    co_await rescue(a, "q", "a");
    co_await queue.remove("a");
    co_await queue.add("x", 1, {.id = "b"});
    co_await a.clock->pass(1min);
    CHECK(own.take() == lines{"lock_lost a"});
    CHECK(ended == 0);
    out.open();
    co_await settle();
    CHECK(ended == 2);
    CHECK(own.take() == lines{"job_active b x 1", "job_processed b x"});
    co_await worker.finish();
}

TEST_SUITE_END();
