#include <boost/signals2/connection.hpp>

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "sweeper.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("findings");

namespace {

using int_queue = queue<int, int>;
using int_job = job<int, int>;

}  // namespace

QUEUE_CASE(
    "a store that fails is asked once an interval, also when a lock has run out meanwhile",
    maintenance_options{.interval = 5s}
)
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 7s});
    co_await a.clock->pass(6s);  // a sweep has seen the lock
    a.store->fail(op::locks, 100);
    const auto before = a.store->calls(op::locks);
    co_await a.clock->pass(29s);
    CHECK(a.store->calls(op::locks) <= before + 7);
}

QUEUE_CASE("a rescue that the store refuses is tried again at the next sweep, not a lock's duration later")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 30s});
    sweeper by{a};
    co_await by.sweeps.run_once();
    co_await a.clock->pass(30s);
    a.store->fail(op::sweep);
    const auto e = co_await error_of(by.sweeps.run_once());
    CHECK(e.code == errc::storage_busy);
    co_await a.clock->pass(5s);
    co_await by.sweeps.run_once();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
}

QUEUE_CASE("maintenance that is begun anew waits for no answer that the ended one still waits for")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await take(queue, {.worker_id = "w", .lock_duration = 30s});
    a.store->hold_answer(op::locks);
    queue.start_maintenance();
    co_await settle();
    REQUIRE(a.store->held(op::locks) == 1);
    co_await queue.close();
    a.engine.queue<int, int>("q").start_maintenance();
    co_await settle();
    a.store->let_go(op::locks);
    co_await settle();
    CHECK(a.store->calls(op::sweep) == 1);
    co_await a.clock->pass(10s);
    CHECK(a.store->calls(op::sweep) == 3);
}

QUEUE_CASE("a stalled job that fails and is removed at once is told to be removed")
{
    co_await queue.add("x", 1, {.id = "a", .on_failed = retention::remove_at_once(), .max_stalled_count = 0});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 1s});
    sweeper by{a};
    co_await by.sweeps.run_once();
    co_await a.clock->pass(1s);
    recorder events{queue.events()};
    co_await by.sweeps.run_once();
    co_await settle();
    CHECK(events.take() == lines{"stalled a 1", "failed a job stalled more than allowable limit", "removed a"});
    const auto found = co_await queue.get_job("a");
    CHECK_FALSE(found);
}

QUEUE_CASE("a process of another PID namespace is not taken for dead with its namesake")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    sweeper by{a};
    by.processes->dead.push_back(process(7, 1));
    co_await a.store->inner().register_worker({.id = "gone", .process = process(7, 1), .started_at = a.at(0s)});
    co_await a.store->inner().register_worker({.id = "alive", .process = process(7, 2), .started_at = a.at(0s)});
    co_await take(queue, {.worker_id = "gone", .lock_duration = 30s});
    co_await take(queue, {.worker_id = "alive", .lock_duration = 30s});
    co_await by.sweeps.run_once();
    const auto dead = co_await stored(a, "q", "a");
    CHECK(dead.state == job_state::waiting);
    const auto alive = co_await stored(a, "q", "b");
    CHECK(alive.state == job_state::active);
}

QUEUE_CASE("each slot that throws is reported")
{
    recorder events{queue.events()};
    queue.events().paused.connect([](const paused_event&) { throw std::runtime_error{"one"}; });
    queue.events().resumed.connect([](const resumed_event&) { throw std::runtime_error{"two"}; });
    co_await queue.pause();
    co_await queue.resume();
    co_await settle();
    CHECK(events.take() == lines{"paused", "resumed", "error one", "error two"});
}

QUEUE_CASE("each slot of one event that throws is reported")
{
    recorder events{queue.events()};
    queue.events().paused.connect([](const paused_event&) { throw std::runtime_error{"one"}; });
    queue.events().paused.connect([](const paused_event&) { throw std::runtime_error{"two"}; });
    co_await queue.pause();
    co_await settle();
    CHECK(events.take() == lines{"paused", "error one", "error two"});
}

QUEUE_CASE("F69: progress of 64 levels is stored and reported")
{
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    int told = 0;
    queue.events().progress.connect([&](const progress_event&) { ++told; });
    boost::json::value deep = 1;
    for (int i = 0; i < 64; ++i)
        deep = boost::json::array{std::move(deep)};
    const auto e = co_await error_of(job.update_progress(deep));
    CHECK(e.text == "");
    CHECK(job.progress() == deep);
    co_await settle();
    CHECK(told == 1);
}

QUEUE_CASE("the reason of a cancellation is cut and made text alike for a job that is kept and for one that is removed")
{
    co_await queue.add("x", 1, {.id = "kept"});
    co_await queue.add("x", 1, {.id = "gone", .on_failed = retention::remove_at_once()});
    std::vector<std::string> reasons;
    const boost::signals2::scoped_connection heard =
        queue.events().failed.connect([&](const failed_event& e) { reasons.push_back(e.reason); });
    const auto why = "\xFF" + std::string(70'000, 'x');
    co_await queue.cancel("kept", why);
    co_await queue.cancel("gone", why);
    co_await settle();
    REQUIRE(reasons.size() == 2);
    CHECK((reasons[0] == reasons[1]));
    CHECK(reasons[0].size() <= 65'536);
    const auto kept = co_await stored(a, "q", "kept");
    CHECK((kept.failed_reason == reasons[0]));
}

QUEUE_CASE("a job's handle writes nothing any more once its queue has been closed")
{
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    co_await queue.close();
    const auto progress = co_await error_of(job.update_progress(1));
    CHECK(progress.code == errc::closed);
    const auto log = co_await error_of(job.log("line"));
    CHECK(log.code == errc::closed);
}

APP_CASE("what the engine reports is logged once, however many queues hear of it")
{
    lines log;
    auto options = a.options();
    options.maintenance = maintenance_options{.interval = 5s};
    options.logger.sink = [&](log_level, std::string_view text) { log.emplace_back(text); };
    auto engine = co_await engine::open(std::move(options));
    engine.queue("one");
    engine.queue("two");
    engine.queue("three");
    a.store->fail(op::locks);
    co_await a.clock->pass(5s);
    CHECK(log == lines{"scripted"});
}

QUEUE_CASE("a queue that has been closed is told nothing any more", maintenance_options{.interval = 5s})
{
    co_await settle();
    co_await queue.add("x", 1, {.id = "a", .delay = 1s});
    co_await queue.close();
    co_await settle();
    recorder events{queue.events()};
    co_await a.clock->pass(5s);
    CHECK(events.take() == lines{});
    a.store->fail(op::sweep);
    co_await a.clock->pass(5s);
    CHECK(events.take() == lines{});
}

TEST_SUITE_END();
