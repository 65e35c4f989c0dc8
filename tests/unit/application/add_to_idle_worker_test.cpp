#include <string>
#include <vector>

#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: an add takes it along");

QUEUE_CASE("from an add to the start of its job there is one operation of the store")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.lock_duration = 7s}};
    co_await settle();
    const auto questions = a.store->calls(op::settle);
    co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(1s);
    CHECK(here.started == lines{"a"});
    CHECK(a.store->calls(op::add) == 1);
    CHECK(a.store->calls(op::settle) == questions);
    REQUIRE(a.store->last_claim());
    CHECK(a.store->last_claim()->worker == worker.id());
    CHECK(a.store->last_claim()->tokens.size() == 1);
    CHECK(a.store->last_claim()->lock_duration == 7s);
    here.let_out({"a"});
    co_await settle();
    CHECK(a.store->calls(op::settle) == questions + 1);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    co_await worker.finish();
}

QUEUE_CASE("it is told in order: added, waiting, active, and then the worker's start")
{
    ward here{a};
    recorder seen{queue.events()};
    shift worker{seen, queue, here.processor_of()};
    co_await settle();
    seen.take();
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(seen.take() == lines{"added a x", "waiting a", "active a", "job_active a x 1"});
    here.let_out({"a"});
    co_await settle();
    CHECK(seen.take() == lines{"completed a 42", "drained", "job_processed a x"});
    co_await worker.finish();
}

QUEUE_CASE("two adds at once take one job each where two slots are free")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    co_await settle();
    const auto questions = a.store->calls(op::settle);
    const auto claims = a.store->claims();
    a.store->hold_before(op::add);
    adding first{a, queue, "a"};
    adding second{a, queue, "b"};
    co_await settle();
    REQUIRE(a.store->held(op::add) == 2);
    CHECK(a.store->claims() == claims + 2);
    a.store->let_go(op::add);
    co_await settle();
    CHECK(here.started == lines{"a", "b"});
    CHECK(a.store->calls(op::settle) == questions);
    here.let_out({"a", "b"});
    co_await worker.finish();
}

QUEUE_CASE("a slot is promised to one add: the next one only adds, and its job runs when the slot is free again")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    const auto claims = a.store->claims();
    a.store->hold_before(op::add);
    adding first{a, queue, "a"};
    adding second{a, queue, "b"};
    co_await settle();
    CHECK(a.store->claims() == claims + 1);
    a.store->let_go(op::add);
    co_await settle();
    CHECK(here.started == lines{"a"});
    here.let_out({"a"});
    co_await settle();
    CHECK(here.started == lines{"a", "b"});
    here.let_out({"b"});
    co_await worker.finish();
}

QUEUE_CASE("an add with no free slot does not claim")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto claims = a.store->claims();
    co_await queue.add("x", 1, {.id = "b"});
    co_await a.clock->pass(1s);
    CHECK(a.store->claims() == claims);
    const auto job = co_await stored(a, "q", "b");
    CHECK(job.state == job_state::waiting);
    here.let_out({"a", "b"});
    co_await worker.finish();
}

QUEUE_CASE("where the first worker has no free slot, another one that has takes the job")
{
    ward first{a};
    ward second{a};
    worker<int, int> one{queue, first.processor_of()};
    worker<int, int> two{queue, second.processor_of()};
    running run_one{one};
    running run_two{two};
    co_await settle();
    const auto questions = a.store->calls(op::settle);
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    CHECK(first.started == lines{"a"});
    CHECK(second.started == lines{"b"});
    CHECK(a.store->calls(op::settle) == questions);
    first.let_out({"a"});
    second.let_out({"b"});
    co_await queue.close();
    co_await run_one.join();
    co_await run_two.join();
}

QUEUE_CASE("a worker that is paused is not asked to take a job, and takes it when it is resumed")
{
    ward here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    worker.pause();
    const auto claims = a.store->claims();
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(a.store->claims() == claims);
    CHECK(here.started.empty());
    worker.resume();
    co_await settle();
    CHECK(here.started == lines{"a"});
    here.let_out({"a"});
    co_await worker.finish();
}

QUEUE_CASE("an add of a delayed job, or of many, does not claim")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 3}};
    co_await settle();
    const auto claims = a.store->claims();
    co_await queue.add("x", 1, {.id = "0", .delay = 1s});
    co_await settle();
    CHECK(a.store->claims() == claims);
    co_await queue.add_bulk({{.name = "x", .data = 1, .options = {.id = "1"}}});
    CHECK(a.store->claims() == claims);
    co_await a.clock->pass(1s);
    CHECK(here.started == lines{"1", "0"});
    here.let_out_all(2);
    co_await worker.finish();
}

QUEUE_CASE("an older job that another caller added goes first, and the new one runs after it")
{
    ward here{a};
    recorder events{queue.events()};
    shift worker{queue, here.processor_of()};
    co_await settle();
    co_await add_elsewhere(a, "q", "older");
    co_await queue.add("x", 1, {.id = "newer"});
    co_await settle();
    CHECK(here.started == lines{"older"});
    CHECK(events.take() == lines{"added newer x", "waiting newer", "active older"});
    here.let_out({"older"});
    co_await settle();
    CHECK(here.started == lines{"older", "newer"});
    here.let_out({"newer"});
    co_await worker.finish();
}

QUEUE_CASE("a duplicate adds nothing, but the worker takes what waits on that way")
{
    ward here{a};
    recorder events{queue.events()};
    shift worker{queue, here.processor_of()};
    co_await settle();
    co_await add_elsewhere(a, "q", "a");
    const auto added = co_await queue.add("x", 1, {.id = "a"});
    CHECK(added.duplicate);
    co_await settle();
    CHECK(here.started == lines{"a"});
    CHECK(events.take() == lines{"duplicated a", "active a"});
    here.let_out({"a"});
    co_await worker.finish();
}

TEST_SUITE_END();
