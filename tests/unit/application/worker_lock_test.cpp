#include <algorithm>
#include <vector>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: locks");

namespace {

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

TEST_SUITE_END();
