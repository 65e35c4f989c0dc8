// The watch for commits of others: there while a worker waits for jobs, and no longer.
#include "app.hpp"
#include "crowd.hpp"
#include "notes.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: watching for commits");

QUEUE_CASE("while no worker waits for jobs, a commit of our own ends the watch; the next wait begins it again")
{
    crowd here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    CHECK(a.store->watching == 1);
    a.store->own_commits.set();
    co_await settle();
    CHECK(a.store->watching == 1);
    co_await queue.add("x", 1);
    a.store->own_commits.set();
    co_await settle();
    CHECK(here.inside == 1);
    CHECK(a.store->watching == 0);
    CHECK(a.store->calls(op::changed) == 1);
    here.out.open();
    co_await settle();
    CHECK(a.store->watching == 1);
    CHECK(a.store->calls(op::changed) == 2);
    co_await worker.finish();
}

QUEUE_CASE("what others add between a claim that finds nothing and the watch that follows is found at once")
{
    notes seen;
    shift worker{queue, seen.processor_of(a), {.poll_interval = 1h}};
    co_await settle();
    a.store->hold_answer(op::settle);
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    a.store->own_commits.set();
    co_await settle();
    CHECK(a.store->watching == 0);
    REQUIRE(a.store->held(op::settle) == 1);  // it has found nothing more
    auto other = co_await engine::open(a.options());
    co_await other.queue<int, int>("q").add("x", 1, {.id = "b"});
    a.store->changes.set();
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(seen.take() == lines{"a at 0", "b at 0"});
    co_await worker.finish();
}

QUEUE_CASE("a slot that is free since a job that was lost has ended is one to watch for, too")
{
    door out{a.executor};
    int started = 0;
    const auto stubborn = [&](job<int, int>) -> asio::awaitable<int> {
        ++started;
        co_await out.pass_stubbornly();
        co_return 0;
    };
    shift worker{queue, stubborn, {.poll_interval = 1h}};
    co_await settle();
    co_await queue.add("x", 1, {.id = "a"});
    a.store->own_commits.set();
    co_await settle();
    CHECK(a.store->watching == 0);
    co_await rescue(a, "q", "a");
    co_await a.clock->pass(30s);  // the renewal tells that it is lost
    CHECK(a.store->watching == 0);
    out.open();
    co_await settle();
    CHECK(a.store->watching == 1);
    CHECK(started == 1);
    a.store->changes.set();
    co_await settle();
    CHECK(started == 2);
    co_await worker.finish();
}

TEST_SUITE_END();
