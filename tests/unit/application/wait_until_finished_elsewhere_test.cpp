// Waits for what happens in another process, or while they first look.
#include <utility>

#include "app.hpp"
#include "notes.hpp"
#include "recorder.hpp"
#include "waiting.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("waiting for the end of a job");

QUEUE_CASE("the end of a job in another process is noticed when the store reports a change")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting wait{a, queue, "a"};
    co_await a.clock->pass(1s);
    auto other = co_await engine::open(a.options());
    auto there = other.queue<int, int>("q");
    auto held = co_await take(there);
    co_await there.complete(std::move(held), 42);
    co_await settle();
    CHECK_FALSE(wait.state->ended);
    a.store->changes.set();
    co_await settle();
    CHECK(wait.state->result == 42);
    CHECK(wait.state->at == 1s);
}

QUEUE_CASE("the end of a job in another process is found by the safety poll at the latest")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    waiting wait{a, queue, "a"};
    co_await a.clock->pass(1s);
    auto other = co_await engine::open(a.options());
    auto there = other.queue<int, int>("q");
    auto held = co_await take(there);
    co_await there.complete(std::move(held), 42);
    co_await a.clock->pass(3'999ms);
    CHECK_FALSE(wait.state->ended);
    co_await a.clock->pass(1ms);
    CHECK(wait.state->result == 42);
}

QUEUE_CASE("a job that ends while the wait first looks is not overlooked")
{
    (void)co_await queue.add("x", 1, {.id = "a", .on_completed = retention::remove_at_once()});
    a.store->hold_answer(op::get);
    waiting wait{a, queue, "a"};
    co_await settle();
    REQUIRE(a.store->held(op::get) == 1);  // has found it waiting
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    REQUIRE(seen.take() == lines{"a at 0"});
    a.store->let_go(op::get);
    co_await settle();
    CHECK(wait.state->result == 1);
    co_await worker.finish();
}

QUEUE_CASE("a job that is removed while the wait first looks is not overlooked")
{
    (void)co_await queue.add("x", 1, {.id = "a"});
    a.store->hold_answer(op::get);
    waiting wait{a, queue, "a"};
    co_await settle();
    (void)co_await queue.remove("a");
    a.store->let_go(op::get);
    co_await settle();
    CHECK(wait.state->thrown.code == errc::not_found);
    CHECK(wait.state->at == 0ms);
}

TEST_SUITE_END();
