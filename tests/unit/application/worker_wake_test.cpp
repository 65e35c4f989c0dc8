#include "app.hpp"
#include "crowd.hpp"
#include "notes.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: running jobs");

QUEUE_CASE("nothing is taken from a paused queue until it is resumed, then at once")
{
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await queue.pause();
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b", .delay = 1s});
    co_await a.clock->pass(12s);
    CHECK(seen.take() == lines{});
    co_await queue.resume();
    co_await settle();
    CHECK(seen.take() == lines{"a at 12000", "b at 12000"});
    co_await worker.finish();
}

QUEUE_CASE("an idle worker asks the store at its start and then once every poll_interval")
{
    notes seen;
    shift worker{queue, seen.processor_of(a), {.concurrency = 8, .poll_interval = 5s}};
    co_await settle();
    CHECK(a.store->claims() == 1);
    CHECK(a.clock->sleepers() == 2);  // the poll, and the watch over attempts that run long
    co_await a.clock->pass(4'999ms);
    CHECK(a.store->claims() == 1);
    co_await a.clock->pass(1ms);
    CHECK(a.store->claims() == 2);
    co_await a.clock->pass(1min);
    CHECK(a.store->claims() == 14);
    CHECK(a.store->calls(op::extend) == 0);
    co_await worker.finish();
}

QUEUE_CASE("F87: what another process adds is found by the safety poll at the latest")
{
    notes seen;
    shift worker{queue, seen.processor_of(a), {.poll_interval = 700ms}};
    co_await settle();
    auto other = co_await engine::open(a.options());  // has no way to tell the first one
    co_await other.queue<int, int>("q").add("x", 1, {.id = "a"});
    co_await a.clock->pass(10s);
    CHECK(seen.take() == lines{"a at 700"});
    co_await worker.finish();
}

QUEUE_CASE("a change by another process wakes an idle worker at once")
{
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    auto other = co_await engine::open(a.options());
    co_await other.queue<int, int>("q").add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(seen.take() == lines{});
    const auto claims = a.store->claims();
    a.store->changes.set();
    co_await settle();
    CHECK(seen.take() == lines{"a at 0"});
    CHECK(a.store->claims() == claims + 2);  // the one that found it, and the one with its settlement
    co_await worker.finish();
}

QUEUE_CASE("the store is watched for the changes of others only while a worker waits for jobs")
{
    co_await settle();
    CHECK(a.store->calls(op::changed) == 0);
    crowd here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    CHECK(a.store->calls(op::changed) == 1);
    co_await queue.add("x", 1);
    co_await settle();
    a.store->changes.set();
    co_await settle();
    CHECK(a.store->calls(op::changed) == 1);  // nobody has a free slot
    here.out.open();
    co_await settle();
    CHECK(a.store->calls(op::changed) == 2);
    co_await worker.finish();
}

QUEUE_CASE("a question that only settles takes nothing back of what is known to wait")
{
    door first{a.executor};
    door second{a.executor};
    lines started;
    const auto wait = [&](job<int, int> job) -> asio::awaitable<int> {
        started.push_back(job.id().str());
        co_await (job.id() == job_id{"a"} ? first : second).pass_stubbornly();
        co_return 0;
    };
    shift worker{queue, wait, {.concurrency = 2, .poll_interval = 1h}};
    co_await settle();
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    co_await settle();
    CHECK(started == lines{"a", "b"});
    co_await rescue(a, "q", "a");
    co_await a.clock->pass(30s);  // a is lost, but runs on
    worker.concurrency(1);
    second.open();
    co_await settle();
    const auto settled = co_await stored(a, "q", "b");
    CHECK(settled.state == job_state::completed);
    CHECK(started == lines{"a", "b"});
    first.open();
    co_await settle();
    CHECK(started == lines{"a", "b", "a"});
    co_await worker.finish();
}

QUEUE_CASE("F86: a job that is added while a claim is answered is not overlooked")
{
    notes seen;
    a.store->hold_answer(op::settle);
    shift worker{queue, seen.processor_of(a), {.concurrency = 2}};
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 1);  // has found nothing
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b", .delay = 300ms});
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(seen.take() == lines{"a at 0"});
    co_await a.clock->pass(300ms);
    CHECK(seen.take() == lines{"b at 300"});
    co_await worker.finish();
}

TEST_SUITE_END();
