#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "upkeep/maintenance.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("findings");

namespace {

using int_queue = queue<int, int>;
using int_job = job<int, int>;

process_identity process(std::int64_t pid, std::uint64_t pid_namespace = 1)
{
    return {.boot_id = "boot", .pid_namespace = pid_namespace, .pid = pid, .start_time = 7};
}

/// Knows as dead what a test says.
class scripted_processes final : public process_table {
public:
    process_identity self() const override { return process(1); }
    bool is_dead(const process_identity& asked) const override { return std::ranges::find(dead, asked) != dead.end(); }

    std::vector<process_identity> dead{};
};

/// The maintenance of one process, swept by hand, over the queues of the app's engine.
struct sweeper {
    explicit sweeper(app& a)
        : ports{new runtime{
              .loop = event_loop::at(a.executor),
              .repository = a.store,
              .time = a.clock,
              .random = a.random,
              .processes = processes,
          }},
          sweeps{
              ports,
              {},
              {.find_queue = [&a](const std::string& name) { return a.engine.queue(name).core(); },
               .failed = [](const std::exception_ptr& error) { std::rethrow_exception(error); }}
          }
    {}

    std::shared_ptr<scripted_processes> processes = std::make_shared<scripted_processes>();
    std::shared_ptr<runtime> ports;
    maintenance sweeps;
};

}  // namespace

TEST_CASE("a store that fails is asked once an interval, also when a lock has run out meanwhile")
{
    run_app(
        [](app& a) -> asio::awaitable<void> {
            auto queue = a.engine.queue<int, int>("q");
            co_await queue.add("x", 1, {.id = "a"});
            co_await take(queue, {.worker_id = "gone", .lock_duration = 7s});
            co_await a.clock->pass(6s);  // a sweep has seen the lock
            a.store->fail(op::locks, 100);
            const auto before = a.store->calls(op::locks);
            co_await a.clock->pass(29s);
            CHECK(a.store->calls(op::locks) <= before + 7);
        },
        maintenance_options{.interval = 5s}
    );
}

TEST_CASE("a rescue that the store refuses is tried again at the next sweep, not a lock's duration later")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("maintenance that is begun anew waits for no answer that the ended one still waits for")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("a stalled job that fails and is removed at once is told to be removed")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("a process of another PID namespace is not taken for dead with its namesake")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("each slot that throws is told of")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        recorder events{queue.events()};
        queue.events().paused.connect([](const paused_event&) { throw std::runtime_error{"one"}; });
        queue.events().resumed.connect([](const resumed_event&) { throw std::runtime_error{"two"}; });
        co_await queue.pause();
        co_await queue.resume();
        co_await settle();
        CHECK(events.take() == lines{"paused", "resumed", "error one", "error two"});
    });
}

TEST_CASE("each of the slots of one event that throw is told of")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        recorder events{queue.events()};
        queue.events().paused.connect([](const paused_event&) { throw std::runtime_error{"one"}; });
        queue.events().paused.connect([](const paused_event&) { throw std::runtime_error{"two"}; });
        co_await queue.pause();
        co_await settle();
        CHECK(events.take() == lines{"paused", "error one", "error two"});
    });
}

TEST_CASE("F69: progress of 64 levels is stored and told of")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("a job's handle writes nothing any more once its queue has been closed")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        const auto job = co_await queue.add("x", 1, {.id = "a"});
        co_await queue.close();
        const auto progress = co_await error_of(job.update_progress(1));
        CHECK(progress.code == errc::closed);
        const auto log = co_await error_of(job.log("line"));
        CHECK(log.code == errc::closed);
    });
}

TEST_CASE("what the engine reports is logged once, however many queues are told of it")
{
    run_app([](app& a) -> asio::awaitable<void> {
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
    });
}

TEST_CASE("a queue that has been closed is told nothing any more")
{
    run_app(
        [](app& a) -> asio::awaitable<void> {
            auto queue = a.engine.queue<int, int>("q");
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
        },
        maintenance_options{.interval = 5s}
    );
}

TEST_SUITE_END();
