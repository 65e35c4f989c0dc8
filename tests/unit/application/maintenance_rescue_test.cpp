#include <set>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "sweeper.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("maintenance: rescues");

namespace {

using int_queue = queue<int, int>;

}  // namespace

QUEUE_CASE("a lock is taken away once it has run out and was seen unchanged for its duration, not before")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 10s});
    sweeper by{a};
    co_await settle();
    recorder events{queue.events()};
    co_await a.clock->pass(4s);
    co_await by.sweeps.run_once();  // the first sight
    co_await a.clock->pass(9'999ms);
    co_await by.sweeps.run_once();
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::active);
    co_await a.clock->pass(1ms);
    co_await by.sweeps.run_once();
    job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.stalled_count == 1);
    CHECK(job.attempts_made == 0);
    CHECK(job.attempts_started == 1);
    co_await by.sweeps.run_once();
    co_await settle();
    CHECK(events.take() == lines{"stalled a 1"});
}

QUEUE_CASE("a lock that is renewed is left alone, however old the job is")
{
    co_await queue.add("x", 1, {.id = "a"});
    const auto held = co_await take(queue, {.worker_id = "w", .lock_duration = 10s});
    sweeper by{a};
    for (int i = 0; i < 10; ++i) {
        co_await by.sweeps.run_once();
        co_await a.clock->pass(10s);
        co_await queue.extend_lock(held, 10s);
    }
    co_await by.sweeps.run_once();
    co_await queue.complete(held, 1);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.stalled_count == 0);
}

QUEUE_CASE(
    "a lock that has run out is taken away when that is certain, not an interval later",
    maintenance_options{.interval = 1min}
)
{
    co_await settle();
    co_await queue.add("x", 1, {.id = "a"});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 2s});
    co_await a.clock->pass(61'999ms);  // seen for the first time after a minute
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::active);
    co_await a.clock->pass(1ms);
    job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(a.store->calls(op::sweep) == 3);
}

QUEUE_CASE("a stalled job that has a backoff waits for it, by its number of stalls")
{
    job_options options{.id = "a", .backoff = backoff::exponential(1s), .max_stalled_count = 3};
    co_await queue.add("x", 1, std::move(options));
    sweeper by{a};
    by.processes->dead.push_back(process(100));
    for (const auto delay : {1s, 2s, 4s}) {
        co_await a.store->inner().register_worker({.id = "gone", .process = process(100), .started_at = a.at(0s)});
        co_await take(queue, {.worker_id = "gone", .lock_duration = 30s});
        co_await settle();
        recorder events{queue.events()};
        co_await by.sweeps.run_once();
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::delayed);
        CHECK(job.run_at == a.clock->wall_now() + delay);
        co_await settle();
        CHECK(events.take() == lines{"stalled a " + std::to_string(job.stalled_count)});
        co_await a.clock->pass(delay);
    }
}

QUEUE_CASE("a job that may not stall fails at the first rescue, attempts or not")
{
    co_await queue.add("x", 1, {.id = "a", .attempts = 5, .max_stalled_count = 0});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 1s});
    sweeper by{a};
    co_await by.sweeps.run_once();
    co_await a.clock->pass(1s);
    recorder events{queue.events()};
    co_await by.sweeps.run_once();
    co_await settle();
    CHECK(events.take() == lines{"stalled a 1", "failed a job stalled more than allowable limit"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.finished_at == a.at(1s));
    CHECK(job.attempts_made == 0);
}

QUEUE_CASE("F02: the locks of a process that is known to be dead are taken away at first sight, those of others not")
{
    for (const auto* id : {"dead 1", "dead 2", "alive", "unknown"})
        co_await queue.add("x", 1, {.id = id});
    sweeper by{a};
    by.processes->dead.push_back(process(100));
    co_await a.store->inner().register_worker({.id = "gone", .process = process(100), .started_at = a.at(0s)});
    co_await a.store->inner().register_worker({.id = "here", .process = process(200), .started_at = a.at(0s)});
    for (const auto* worker : {"gone", "gone", "here", "by hand"})
        co_await take(queue, {.worker_id = worker, .lock_duration = 30s});
    co_await settle();
    recorder events{queue.events()};
    co_await by.sweeps.run_once();
    co_await settle();
    CHECK(events.take() == lines{"stalled dead 1 1", "stalled dead 2 1"});
    CHECK(by.processes->asked() == 2);  // each process once, whatever it holds
    by.processes->dead.push_back(process(200));
    co_await by.sweeps.run_once();
    co_await settle();
    CHECK(events.take() == lines{"stalled alive 1"});
    CHECK(by.processes->asked() == 3);  // and anew at each sweep
}

QUEUE_CASE("a job that is finished between the look at its lock and the sweep is not rescued")
{
    co_await queue.add("x", 1, {.id = "a"});
    const auto held = co_await take(queue, {.worker_id = "slow", .lock_duration = 1s});
    sweeper by{a};
    co_await by.sweeps.run_once();
    co_await a.clock->pass(1s);
    recorder events{queue.events()};
    a.store->hold_before(op::sweep);
    task_group tasks{a.executor};
    tasks.spawn(by.sweeps.run_once());
    co_await settle();
    REQUIRE(a.store->held(op::sweep) == 1);
    co_await queue.complete(held, 42);
    a.store->let_go(op::sweep);
    co_await tasks.join();
    co_await settle();
    CHECK(events.take() == lines{"completed a 42"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.stalled_count == 0);
}

QUEUE_CASE("of two processes that sweep one store, one rescues")
{
    co_await queue.add("x", 1, {.id = "a", .max_stalled_count = 1});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 1s});
    sweeper one{a};
    sweeper two{a};
    co_await one.sweeps.run_once();
    co_await two.sweeps.run_once();
    co_await a.clock->pass(1s);
    recorder events{queue.events()};
    a.store->hold_before(op::sweep);
    task_group tasks{a.executor};
    tasks.spawn(one.sweeps.run_once());
    tasks.spawn(two.sweeps.run_once());
    co_await settle();
    REQUIRE(a.store->held(op::sweep) == 2);
    a.store->let_go(op::sweep);
    co_await tasks.join();
    co_await settle();
    CHECK(events.take() == lines{"stalled a 1"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.stalled_count == 1);
}

QUEUE_CASE("a worker whose process has died is forgotten by the sweep that takes its locks away, one that lives is not")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await take(queue, {.worker_id = "dead", .lock_duration = 30s});
    co_await a.store->register_worker({.id = "dead", .process = process(2)});
    co_await a.store->register_worker({.id = "idle and dead", .process = process(2)});
    co_await a.store->register_worker({.id = "alive", .process = process(3)});
    sweeper by{a};
    by.processes->dead = {process(2)};
    co_await by.sweeps.run_once();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    const auto left = co_await a.store->workers();
    REQUIRE(left.size() == 1);
    CHECK(left[0].id == "alive");
}

TEST_SUITE_END();
