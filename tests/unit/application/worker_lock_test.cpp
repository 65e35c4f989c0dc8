#include <boost/asio/error.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: locks");

namespace {

using int_job = job<int, int>;

/// When each lock of the queue ends, since the start.
asio::awaitable<std::vector<milliseconds>> lock_ends(app& a)
{
    std::vector<milliseconds> out;
    const auto locks = co_await a.store->inner().locks();
    for (const auto& lock : locks)
        out.push_back(lock.locked_until - manual_clock::start);
    co_return out;
}

using times = std::vector<milliseconds>;

}  // namespace

QUEUE_CASE("the lock of a job that runs for long is renewed in time, again and again")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    shift worker{queue, here.processor_of(), {.lock_duration = 30s}};
    co_await settle();
    auto ends = co_await lock_ends(a);
    CHECK(ends == times{30s});
    co_await a.clock->pass(14'999ms);
    CHECK(a.store->calls(op::extend) == 0);
    co_await a.clock->pass(1ms);
    CHECK(a.store->calls(op::extend) == 1);
    ends = co_await lock_ends(a);
    CHECK(ends == times{45s});
    for (int i = 0; i < 100; ++i) {
        co_await a.clock->pass(1min);
        ends = co_await lock_ends(a);
        CHECK(ends.at(0) - a.elapsed() >= 15s);
    }
    CHECK(a.store->calls(op::extend) == 401);
    here.out.open();
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.attempts_started == 1);
    co_await a.clock->pass(1min);
    CHECK(a.store->calls(op::extend) == 401);  // nothing is held any more
    co_await worker.finish();
}

QUEUE_CASE("lock_renew_buffer says when to renew")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    shift worker{queue, here.processor_of(), {.lock_duration = 10s, .lock_renew_buffer = 1s}};
    co_await a.clock->pass(8'999ms);
    CHECK(a.store->calls(op::extend) == 0);
    co_await a.clock->pass(1ms);
    CHECK(a.store->calls(op::extend) == 1);
    const auto ends = co_await lock_ends(a);
    CHECK(ends == times{19s});
    here.out.open();
    co_await worker.finish();
}

QUEUE_CASE("all locks are renewed in one operation, when the first of them is due")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 3, .lock_duration = 30s}};
    for (int i = 0; i < 3; ++i) {
        co_await queue.add("x", 1);
        co_await a.clock->pass(1s);
    }
    co_await a.clock->pass(12s);
    CHECK(a.store->calls(op::extend) == 1);
    const auto ends = co_await lock_ends(a);
    CHECK(ends == times{45s, 45s, 45s});
    here.out.open();
    co_await worker.finish();
}

QUEUE_CASE("a job that begins when others run for long is renewed in time too")
{
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.concurrency = 2, .lock_duration = 30s}};
    co_await queue.add("x", 1);
    co_await a.clock->pass(14s);
    const auto second = co_await queue.add("x", 1);
    for (int i = 0; i < 600; ++i) {
        co_await a.clock->pass(1s);
        const auto ends = co_await lock_ends(a);
        REQUIRE(ends.size() == 2);
        CHECK(ends[0] > a.elapsed() + 14s);
        CHECK(ends[1] > a.elapsed() + 14s);
    }
    here.out.open();
    co_await worker.finish();
    co_await settle();
    const auto seen = own.take();
    CHECK(std::ranges::count(seen, "job_processed " + second.id().str() + " x") == 1);
    CHECK(seen.size() == 7);  // two jobs with two events each, ready, closing, closed
}

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

QUEUE_CASE("the lock counts from the moment when it was asked for, not from the answer")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    a.store->hold_answer(op::settle);
    shift worker{queue, here.processor_of(), {.lock_duration = 30s}};
    co_await a.clock->pass(10s);
    CHECK(here.started == 0);
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(here.started == 1);
    a.store->hold_before(op::extend);
    co_await a.clock->pass(19'999ms);
    CHECK(here.ended == 0);
    worker.pause();
    co_await a.clock->pass(1ms);
    CHECK(here.aborted == 1);
    a.store->let_go(op::extend);
    co_await worker.finish();
}

QUEUE_CASE("a renewal that fails is told and tried again soon; the job goes on")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.lock_duration = 30s}};
    co_await settle();
    own.take();
    a.store->fail(op::extend, 3);
    co_await a.clock->pass(15s);
    CHECK(own.take() == lines{"error scripted"});
    co_await a.clock->pass(10s);
    CHECK(own.take() == lines{"error scripted", "error scripted"});
    CHECK(a.store->calls(op::extend) == 4);
    CHECK(here.ended == 0);
    const auto ends = co_await lock_ends(a);
    CHECK(ends.at(0) > 45s);
    here.out.open();
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    co_await worker.finish();
}

TEST_CASE("F57, F58: steps of the wall clock cost no running job its lock")
{
    for (const milliseconds step : {milliseconds{1h}, milliseconds{-1h}, milliseconds{24h * 3650}}) {
        INFO(step.count());
        run_app([step](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await queue.add("x", 1, {.id = "a"});
            patient here{a};
            recorder own;
            shift worker{own, queue, here.processor_of()};
            co_await a.clock->pass(7s);
            a.clock->step_wall(step);
            co_await a.clock->pass(5min);
            CHECK(own.take() == lines{"ready", "job_active a x 1"});
            const auto ends = co_await lock_ends(a);
            CHECK(ends.at(0) - a.elapsed() >= 15s);
            here.out.open();
            co_await worker.finish();
            const auto job = co_await stored(a, "q", "a");
            CHECK(job.state == job_state::completed);
            CHECK(job.stalled_count == 0);
        });
    }
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
