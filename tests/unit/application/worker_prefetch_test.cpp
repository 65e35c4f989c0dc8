#include <algorithm>
#include <string>
#include <vector>

#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: prefetch");

QUEUE_CASE("a worker claims as many jobs more than it runs as `prefetch` says")
{
    co_await add_numbered(queue, 10);
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2, .prefetch = 3}};
    co_await settle();
    CHECK(a.store->claims() == 1);
    CHECK(a.store->last_claim()->tokens.size() == 5);
    CHECK(here.started == lines{"0", "1"});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 5, .active = 5});
    co_await a.clock->pass(4s);
    CHECK(a.store->claims() == 1);
    here.let_out_all(10);
    co_await settle();
    co_await worker.finish();
}

QUEUE_CASE("without it a worker claims what it can run")
{
    co_await add_numbered(queue, 10);
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    co_await settle();
    CHECK(a.store->last_claim()->tokens.size() == 2);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 8, .active = 2});
    here.let_out_all(10);
    co_await worker.finish();
}

QUEUE_CASE("all jobs run, in their order, and never more at once than the concurrency")
{
    co_await add_numbered(queue, 40);
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 3, .prefetch = 7}};
    co_await settle();
    lines expected;
    for (int i = 0; i < 40; ++i) {
        expected.push_back(std::to_string(i));
        here.out(std::to_string(i)).open();
        co_await settle();
    }
    CHECK(here.most == 3);
    CHECK(here.started == expected);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 40});
    co_await worker.finish();
}

QUEUE_CASE("when a job ends the next one starts before the store is told")
{
    co_await add_numbered(queue, 4);
    ward here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 2}};
    co_await settle();
    a.store->hold_before(op::settle);
    here.let_out({"0"});
    co_await settle();
    CHECK(a.store->held(op::settle) == 1);
    CHECK(here.started == lines{"0", "1"});
    here.let_out({"1"});
    co_await settle();
    CHECK(here.started == lines{"0", "1", "2"});
    here.let_out({"2"});
    co_await settle();
    CHECK(here.started == lines{"0", "1", "2"});
    a.store->let_go(op::settle);
    here.let_out({"3"});
    co_await settle();
    CHECK(here.started == lines{"0", "1", "2", "3"});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 4});
    co_await worker.finish();
}

QUEUE_CASE("the queue emits the claim, the worker emits the start")
{
    co_await add_numbered(queue, 2);
    ward here{a};
    recorder events{queue.events()};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.prefetch = 1}};
    co_await settle();
    CHECK(events.take() == lines{"active 0", "active 1"});
    CHECK(own.take() == lines{"ready", "job_active 0 x 1"});
    here.let_out({"0"});
    co_await settle();
    CHECK(own.take() == lines{"job_active 1 x 1", "job_processed 0 x"});
    CHECK(events.take() == lines{"completed 0 42"});
    here.let_out({"1"});
    co_await worker.finish();
}

QUEUE_CASE("jobs that are ready go back at once when the worker is asked to close, those that run may finish")
{
    co_await add_numbered(queue, 3);
    ward here{a};
    recorder own;
    recorder events{queue.events()};
    shift worker{own, queue, here.processor_of(), {.prefetch = 2}};
    co_await settle();
    own.take();
    events.take();
    worker.stop();
    co_await settle();
    CHECK(events.take() == lines{"released 1", "released 2"});
    for (const auto* id : {"1", "2"}) {
        const auto job = co_await stored(a, "q", id);
        CHECK(job.state == job_state::waiting);
        CHECK(job.attempts_made == 0);
        CHECK(job.stalled_count == 0);
    }
    here.let_out({"0"});
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"0"}));
    CHECK(report.cancelled.empty());
    CHECK(report.released.empty());
    CHECK(report.abandoned.empty());
    CHECK(here.started == lines{"0"});
    co_await settle();
    CHECK(own.take() == lines{"closing", "job_processed 0 x", "closed"});
}

QUEUE_CASE("jobs that are ready go back when the worker is paused, and come again when it is resumed")
{
    co_await add_numbered(queue, 3);
    ward here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 2}};
    co_await settle();
    worker.pause();
    co_await settle();
    const auto paused = co_await queue.get_job_counts();
    CHECK(paused == job_counts{.waiting = 2, .active = 1});
    here.let_out({"0"});
    co_await settle();
    CHECK(here.started == lines{"0"});
    worker.resume();
    co_await settle();
    CHECK(here.started == lines{"0", "1"});
    here.let_out({"1", "2"});
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 3});
    const auto job = co_await stored(a, "q", "2");
    CHECK(job.attempts_started == 2);
    CHECK(job.attempts_made == 1);
    co_await worker.finish();
}

QUEUE_CASE("ready jobs that the store does not take back at first are given back later, and only once")
{
    co_await add_numbered(queue, 3);
    ward here{a};
    recorder events{queue.events()};
    shift worker{queue, here.processor_of(), {.prefetch = 2}};
    co_await settle();
    events.take();
    here.let_out({"0"});
    a.store->fail(op::settle, 2);
    worker.stop();
    co_await a.clock->pass(1s);
    co_await worker.join();
    auto seen = events.take();
    std::ranges::sort(seen);
    CHECK(seen == lines{"completed 0 42", "released 1", "released 2"});
    CHECK(here.started == lines{"0"});
    const auto counts = co_await a.store->inner().counts("q");
    CHECK(counts == job_counts{.waiting = 2, .completed = 1});
}

QUEUE_CASE("a prefetch that is no number of jobs is refused by its name")
{
    ward here{a};
    for (const int wrong : {-1, 10'001}) {
        const auto e =
            error_of([&] { const worker<int, int> refused{queue, here.processor_of(), {.prefetch = wrong}}; });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "prefetch");
    }
    for (const int right : {0, 10'000})
        CHECK_NOTHROW(worker<int, int>(queue, here.processor_of(), {.prefetch = right}));
    co_return;
}

TEST_SUITE_END();
