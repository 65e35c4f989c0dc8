#include <string>
#include <vector>

#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: locks of prefetched jobs");

QUEUE_CASE("the locks of jobs that are ready are renewed with the others")
{
    co_await add_numbered(queue, 3);
    ward here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 2, .lock_duration = 30s}};
    co_await a.clock->pass(15s);
    CHECK(a.store->calls(op::extend) == 1);
    const auto locks = co_await a.store->inner().locks();
    CHECK(locks.size() == 3);
    for (const auto& lock : locks)
        CHECK(lock.locked_until == a.at(45s));
    co_await a.clock->pass(5min);
    here.let_out_all(3);
    co_await settle();
    CHECK(here.started == lines{"0", "1", "2"});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 3});
    const auto job = co_await stored(a, "q", "2");
    CHECK(job.attempts_started == 1);
    co_await worker.finish();
}

QUEUE_CASE("a ready job whose lock is found lost at a renewal is never started")
{
    co_await add_numbered(queue, 3);
    ward here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.prefetch = 2, .lock_duration = 30s}};
    co_await settle();
    own.take();
    co_await rescue(a, "q", "1");
    const auto removed = co_await a.store->inner().change("q", "1", removal{}, a.clock->wall_now());
    CHECK(removed.done());
    co_await a.clock->pass(15s);
    CHECK(own.take() == lines{"lock_lost 1"});
    here.let_out_all(3);
    co_await settle();
    CHECK(here.started == lines{"0", "2"});
    CHECK(a.store->settlements() == 2);
    co_await worker.finish();
}

QUEUE_CASE("its place is free: the job itself, claimed anew, runs under its new lock")
{
    co_await add_numbered(queue, 2);
    ward here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 1, .lock_duration = 30s}};
    co_await settle();
    co_await rescue(a, "q", "1");
    co_await a.clock->pass(15s);
    const auto again = co_await stored(a, "q", "1");
    CHECK(again.state == job_state::active);
    CHECK(again.attempts_started == 2);
    CHECK(here.started == lines{"0"});
    here.let_out_all(2);
    co_await settle();
    CHECK(here.started == lines{"0", "1"});
    const auto job = co_await stored(a, "q", "1");
    CHECK(job.state == job_state::completed);
    CHECK(job.attempts_made == 1);
    co_await worker.finish();
}

QUEUE_CASE("a store that does not renew until the locks have run out costs the ready jobs too")
{
    co_await add_numbered(queue, 3);
    ward here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.prefetch = 2, .lock_duration = 30s}};
    co_await settle();
    own.take();
    a.store->hold_before(op::extend);
    co_await a.clock->pass(29'999ms);
    CHECK(own.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(own.take() == lines{"lock_lost 0", "lock_lost 1", "lock_lost 2"});
    CHECK(here.started == lines{"0"});
    CHECK(here.inside == 0);
    a.store->let_go(op::extend);
    co_await worker.finish();
    CHECK(here.started == lines{"0"});
    CHECK(a.store->settlements() == 0);
}

TEST_SUITE_END();
