#include <string>
#include <vector>

#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: an add under way");

QUEUE_CASE("an add that the store refuses throws, and the worker's slot is free again")
{
    ward here{a};
    recorder seen{queue.events()};
    shift worker{seen, queue, here.processor_of()};
    co_await settle();
    seen.take();
    a.store->fail(op::add, 2, errc::storage_full);
    for (int i = 0; i < 2; ++i) {
        const auto e = co_await error_of(queue.add("x", 1, {.id = "a"}));
        CHECK(e.code == errc::storage_full);
    }
    co_await settle();
    CHECK(seen.take() == lines{});
    co_await queue.add("x", 1, {.id = "b"});
    co_await settle();
    CHECK(here.started == lines{"b"});
    here.let_out({"b"});
    co_await worker.finish();
    const auto counts = co_await a.store->inner().counts("q");
    CHECK(counts == job_counts{.completed = 1});
}

QUEUE_CASE("after an add that failed the worker looks for itself, as nobody knows what became of it")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    co_await add_elsewhere(a, "q", "a");
    a.store->fail(op::add);
    const auto e = co_await error_of(queue.add("x", 1, {.id = "b"}));
    CHECK(e.code == errc::storage_busy);
    co_await settle();
    CHECK(here.started == lines{"a"});
    CHECK(a.elapsed() == 0ms);
    here.let_out({"a"});
    co_await worker.finish();
}

QUEUE_CASE("an add that is cancelled while the store answers it is added, and its job runs")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    a.store->hold_answer(op::add);
    adding add{a, queue, "a"};
    co_await settle();
    add.tasks.cancel();
    co_await settle();
    CHECK_FALSE(add.state->ended);
    a.store->let_go(op::add);
    co_await settle();
    CHECK(add.state->ended);
    CHECK(here.started == lines{"a"});
    here.let_out({"a"});
    co_await worker.finish();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
}

QUEUE_CASE("a worker that is closing is not asked to take a job")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    co_await settle();
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto claims = a.store->claims();
    worker.stop();
    co_await queue.add("x", 1, {.id = "b"});
    co_await settle();
    co_await queue.add("x", 1, {.id = "c"});
    co_await settle();
    CHECK(a.store->claims() == claims);
    CHECK(here.started == lines{"a"});
    here.let_out({"a"});
    co_await worker.join();
    const auto counts = co_await a.store->inner().counts("q");
    CHECK(counts == job_counts{.waiting = 2, .completed = 1});
}

QUEUE_CASE("a worker that is closed while an add is answered gives the job back at once, and run() returns")
{
    ward here{a};
    recorder events{queue.events()};
    recorder own;
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    own.take();
    a.store->hold_answer(op::add);
    adding add{a, queue, "a"};
    co_await settle();
    worker.stop();
    co_await a.clock->pass(100ms);
    CHECK_FALSE(worker.ended());
    a.store->let_go(op::add);
    co_await settle();
    CHECK(worker.ended());
    const auto report = co_await worker.join();
    CHECK(a.elapsed() == 100ms);
    CHECK(report.finished.empty());
    CHECK(report.abandoned.empty());
    CHECK(here.started.empty());
    CHECK(add.state->thrown.text == "");
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
    CHECK(job.stalled_count == 0);
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a", "active a", "released a"});
    CHECK(own.take() == lines{"closing", "closed"});
}

QUEUE_CASE("a worker that is closed while an add fails ends too")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    a.store->hold_before(op::add);
    a.store->fail(op::add);
    adding add{a, queue, "a"};
    co_await settle();
    worker.stop();
    co_await settle();
    CHECK_FALSE(worker.ended());
    a.store->let_go(op::add);
    co_await worker.join();
    CHECK(a.elapsed() == 0ms);
    CHECK(add.state->thrown.code == errc::storage_busy);
}

QUEUE_CASE("a worker that is paused while an add is answered gives the job back at once")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    a.store->hold_answer(op::add);
    adding add{a, queue, "a"};
    co_await settle();
    worker.pause();
    co_await settle();
    a.store->let_go(op::add);
    co_await settle();
    CHECK(a.elapsed() == 0ms);
    CHECK(here.started.empty());
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    worker.resume();
    co_await settle();
    CHECK(here.started == lines{"a"});
    here.let_out({"a"});
    co_await worker.finish();
}

QUEUE_CASE("to a queue that is paused an add only adds, and its job runs when the queue is resumed")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    co_await queue.pause();
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1});
    co_await queue.resume();
    co_await settle();
    CHECK(here.started == lines{"a"});
    here.let_out({"a"});
    co_await worker.finish();
}

TEST_SUITE_END();
