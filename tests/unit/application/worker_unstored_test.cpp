// What the store does not take during a shutdown.
#include <algorithm>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: shutdown");

namespace {

using int_job = job<int, int>;

}  // namespace

TEST_CASE(
    "a store that takes nothing does not hold up a close: a second after the grace its outcomes are named unstored"
)
{
    for (const auto code : {errc::storage_full, errc::storage_busy}) {
        INFO(static_cast<int>(code));
        run_app([code](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            door never{a.executor};
            door in_time{a.executor};
            const auto act = [&](int_job job) -> asio::awaitable<int> {
                if (job.id() == "deaf")
                    co_await never.pass_stubbornly();
                else if (job.id() == "cancelled")
                    co_await never.pass();
                else
                    co_await in_time.pass();
                co_return 1;
            };
            shift worker{queue, act, {.concurrency = 3, .prefetch = 1, .grace = 5s}};
            for (const auto* id : {"done", "cancelled", "deaf", "ahead"})
                co_await queue.add("x", 1, {.id = id});
            co_await settle();
            a.store->fail(op::settle, 1'000'000, code);
            recorder events{queue.events()};
            worker.stop();
            in_time.open();
            co_await a.clock->pass(5'999ms);
            CHECK_FALSE(worker.ended());
            co_await a.clock->pass(1ms);
            CHECK(worker.ended());
            auto report = co_await worker.join();
            std::ranges::sort(report.unstored);
            CHECK(report.unstored == ids({"ahead", "cancelled", "deaf", "done"}));
            CHECK(report.abandoned == ids({"deaf"}));
            CHECK(report.finished.empty());
            CHECK(report.cancelled.empty());
            CHECK(report.released.empty());
            CHECK(events.take() == lines{});
            CHECK(a.store->calls(op::forget_worker) == 0);  // so that its death frees them at once
            never.open();
            co_await a.clock->pass(1h);
            CHECK(a.store->calls(op::extend) == 0);
        });
    }
}

QUEUE_CASE("what a store takes in the last moment of a close is stored")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 5s}};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    a.store->fail(op::settle, 1'000'000, errc::storage_full);
    here.out.open();
    worker.stop();
    co_await a.clock->pass(5'999ms);
    a.store->fail(op::settle, 0);
    co_await a.clock->pass(1ms);
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
    CHECK(report.unstored.empty());
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
}

QUEUE_CASE("a close that gets no answer from the store reports what the answer says when it comes")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 5s}};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    a.store->hold_answer(op::settle);
    here.out.open();
    worker.stop();
    co_await a.clock->pass(10s);
    CHECK_FALSE(worker.ended());
    a.store->let_go(op::settle);
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
    CHECK(report.unstored.empty());
}

QUEUE_CASE("what another worker has rescued before its outcome was stored is named unstored")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    worker.stop();
    co_await rescue(a, "q", "a");
    here.out.open();
    const auto report = co_await worker.join();
    CHECK(report.unstored == ids({"a"}));
    CHECK(report.finished.empty());
}

QUEUE_CASE("the lock of an attempt that has ended is not renewed for ever while the store refuses its outcome")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.lock_duration = 10s}};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    recorder own{worker.events()};
    a.store->fail(op::settle, 1'000'000, errc::storage_full);
    here.out.open();
    co_await a.clock->pass(99s);
    CHECK(a.store->calls(op::extend) == 19);
    co_await a.clock->pass(11s);
    auto seen = own.take();
    CHECK(std::ranges::count(seen, "lock_lost a") == 1);
    CHECK(a.store->calls(op::extend) == 19);
    a.store->fail(op::settle, 0);
    co_await queue.add("x", 1, {.id = "b"});
    co_await a.clock->pass(3s);
    const auto job = co_await stored(a, "q", "b");
    CHECK(job.state == job_state::completed);
    co_await worker.finish();
}

TEST_SUITE_END();
