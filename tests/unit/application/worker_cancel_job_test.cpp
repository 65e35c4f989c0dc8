// Jobs that their worker is asked to end.
#include "cancelling.hpp"
#include "closing.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: cancelled jobs");

QUEUE_CASE("a worker can be asked to end a job that it runs, and says whether it runs it")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "waits"});
    co_await settle();
    CHECK_FALSE(worker.cancel_job("waits", "no more"));
    CHECK_FALSE(worker.cancel_job("nobody's", "no more"));
    CHECK(worker.cancel_job("a", "no more"));
    co_await settle();
    CHECK_FALSE(worker.cancel_job("a", "no more"));
    const auto job = co_await stored(a, "q", "a");
    check_cancelled(job);
    here.out.open();
    co_await worker.finish();
}

QUEUE_CASE("all jobs that a worker runs are asked to end at once, and those that it has given back are not")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2, .prefetch = 1}};
    CHECK(worker.cancel_all("nothing to do") == 0);
    for (const auto* id : {"a", "b", "c", "d"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    REQUIRE(here.started == 2);
    worker.pause();  // gives back what it has claimed ahead
    co_await settle();
    CHECK(worker.cancel_all("no more") == 2);
    co_await settle();
    CHECK(here.aborted == 2);
    const auto failed = co_await queue.get_jobs({.state = job_state::failed});
    REQUIRE(failed.items.size() == 2);
    for (const auto& job : failed.items)
        CHECK(job.failed_reason() == "cancelled: no more");
    worker.resume();
    co_await settle();
    CHECK(worker.cancel_all("no more") == 2);
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.failed = 4});
    co_await worker.finish();
}

QUEUE_CASE("a job that was claimed ahead is among all that are cancelled")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 1, .prefetch = 1}};
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    const auto active = co_await queue.get_job_counts();
    REQUIRE(active.active == 2);
    CHECK(worker.cancel_all("no more") == 2);
    co_await settle();
    CHECK(here.started == 1);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.failed = 2});
    co_await worker.finish();
}

TEST_SUITE_END();
