// A worker with many slots asks the store in two questions that take turns.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: two questions in flight");

namespace {

/// Each job was completed once, at the first attempt, and was reported once.
asio::awaitable<void> check_all_done(app& a, recorder& events, int jobs)
{
    lines expected;
    for (int i = 0; i < jobs; ++i) {
        const auto id = std::to_string(i);
        expected.push_back("completed " + id + " 42");
        const auto job = co_await stored(a, "q", id);
        CHECK(job.state == job_state::completed);
        CHECK(job.attempts_started == 1);
        CHECK(job.attempts_made == 1);
    }
    auto seen = events.take();
    std::erase_if(seen, [](const std::string& line) { return !line.starts_with("completed"); });
    std::ranges::sort(seen);
    std::ranges::sort(expected);
    CHECK(seen == expected);
}

void let_out(ward& here, int from, int to)
{
    for (int i = from; i < to; ++i)
        here.out(std::to_string(i)).open();
}

}  // namespace

QUEUE_CASE("half the jobs are asked for in each of two questions, the second before the first is answered")
{
    co_await add_numbered(queue, 100);
    ward here{a};
    recorder events{queue.events()};
    a.store->hold_before(op::settle);
    shift worker{queue, here.processor_of(), {.concurrency = 100}};
    co_await settle();
    CHECK(a.store->held(op::settle) == 2);
    CHECK(a.store->claims() == 2);
    CHECK(a.store->last_claim()->tokens.size() == 50);
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(here.inside == 100);
    CHECK(a.store->claims() == 2);
    here.let_out_all(100);
    co_await settle();
    co_await check_all_done(a, events, 100);
    CHECK(a.store->settlements() == 100);
    co_await worker.finish();
}

QUEUE_CASE("a worker with fewer slots asks one question at a time")
{
    co_await add_numbered(queue, 100);
    ward here{a};
    a.store->hold_before(op::settle);
    shift worker{queue, here.processor_of(), {.concurrency = 49}};
    co_await settle();
    CHECK(a.store->held(op::settle) == 1);
    CHECK(a.store->last_claim()->tokens.size() == 49);
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(here.inside == 49);
    here.let_out_all(100);
    co_await settle();
    co_await worker.finish();
}

QUEUE_CASE("a hundred jobs that end are settled by two questions, which bring the next hundred")
{
    co_await add_numbered(queue, 200);
    ward here{a};
    recorder events{queue.events()};
    shift worker{queue, here.processor_of(), {.concurrency = 100}};
    co_await settle();
    a.store->hold_before(op::settle);
    let_out(here, 0, 50);
    co_await settle();
    let_out(here, 50, 100);
    co_await settle();
    CHECK(a.store->held(op::settle) == 2);
    CHECK(here.inside == 0);
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(here.inside == 100);
    CHECK(here.most == 100);
    here.let_out_all(200);
    co_await settle();
    co_await check_all_done(a, events, 200);
    CHECK(a.store->settlements() == 200);
    co_await worker.finish();
}

TEST_CASE("a worker that finds nothing to do sleeps, whatever the number of its slots")
{
    for (const int slots : {49, 50, 51, 75, 100, 101})
        run_app([slots](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            ward here{a};
            a.store->hold_before(op::settle);
            shift worker{queue, here.processor_of(), {.concurrency = slots}};
            co_await settle();
            a.store->let_go(op::settle);
            co_await a.clock->pass(4s);
            CHECK(a.store->claims() <= 2);
            co_await worker.finish();
        });
}

QUEUE_CASE("what ends while questions are open goes along with the next one")
{
    co_await add_numbered(queue, 100);
    ward here{a};
    recorder events{queue.events()};
    shift worker{queue, here.processor_of(), {.concurrency = 100}};
    co_await settle();
    a.store->hold_answer(op::settle);
    let_out(here, 0, 1);
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 1);
    let_out(here, 1, 11);
    co_await settle();
    CHECK(a.store->settlements() == 1);
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(a.store->settlements() == 11);
    CHECK(a.store->last_settlements().size() == 10);
    let_out(here, 11, 100);
    co_await settle();
    co_await check_all_done(a, events, 100);
    CHECK(a.store->settlements() == 100);
    co_await worker.finish();
}

QUEUE_CASE("one question of the two that fails loses nothing, and nothing is settled twice")
{
    co_await add_numbered(queue, 100);
    ward here{a};
    recorder events{queue.events()};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.concurrency = 100}};
    co_await settle();
    own.take();
    a.store->hold_before(op::settle);
    a.store->fail(op::settle);
    let_out(here, 0, 50);
    co_await settle();
    let_out(here, 50, 100);
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 2);
    a.store->let_go(op::settle);
    co_await a.clock->pass(1s);
    const auto seen = own.take();
    CHECK(std::ranges::count(seen, "error scripted") == 1);
    CHECK(std::ranges::count_if(seen, [](const auto& line) { return line.starts_with("lock_lost"); }) == 0);
    co_await check_all_done(a, events, 100);
    co_await worker.finish();
}

QUEUE_CASE("a claim of the two that fails is asked again, and all jobs run")
{
    co_await add_numbered(queue, 100);
    ward here{a};
    a.store->fail(op::settle);
    shift worker{queue, here.processor_of(), {.concurrency = 100}};
    co_await a.clock->pass(50ms);
    CHECK(here.inside == 100);
    CHECK(std::set<std::string>(here.started.begin(), here.started.end()).size() == 100);
    here.let_out_all(100);
    co_await worker.finish();
}

QUEUE_CASE("a close while two claims are open gives their jobs back unstarted")
{
    co_await add_numbered(queue, 100);
    ward here{a};
    a.store->hold_answer(op::settle);
    shift worker{queue, here.processor_of(), {.concurrency = 100}};
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 2);
    worker.stop();
    co_await a.clock->pass(100ms);
    CHECK_FALSE(worker.ended());
    a.store->let_go(op::settle);
    const auto report = co_await worker.join();
    CHECK(a.elapsed() == 100ms);
    CHECK(report.finished.empty());
    CHECK(here.started.empty());
    CHECK(a.store->settlements() == 100);
    const auto counts = co_await a.store->inner().counts("q");
    CHECK(counts == job_counts{.waiting = 100});
}

QUEUE_CASE("a close while two settlements are open waits for both, and reports every job once")
{
    co_await add_numbered(queue, 100);
    ward here{a};
    recorder events{queue.events()};
    shift worker{queue, here.processor_of(), {.concurrency = 100}};
    co_await settle();
    a.store->hold_before(op::settle);
    worker.stop();
    here.let_out_all(100);
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 2);
    CHECK_FALSE(worker.ended());
    a.store->let_go(op::settle);
    const auto report = co_await worker.join();
    CHECK(a.elapsed() == 0ms);
    CHECK(std::set<job_id>(report.finished.begin(), report.finished.end()).size() == 100);
    CHECK(report.finished.size() == 100);
    co_await settle();
    co_await check_all_done(a, events, 100);
    CHECK(a.store->settlements() == 100);
}

TEST_SUITE_END();
