#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("engine");

namespace {

using int_queue = queue<int, int>;
using int_job = job<int, int>;

/// `close()` as a task of its own.
struct closing_engine {
    closing_engine(const app& a, cofila::engine& engine) : tasks{a.executor}
    {
        tasks.spawn(keep(engine.close(), ended));
    }

    static asio::awaitable<void> keep(asio::awaitable<void> close, std::shared_ptr<bool> done)
    {
        co_await std::move(close);
        *done = true;
    }

    std::shared_ptr<bool> ended = std::make_shared<bool>(false);
    task_group tasks;
};

}  // namespace

TEST_CASE("engine options out of their range are refused by name, and nothing is left running")
{
    struct refusal {
        std::string field;
        engine_options options;
    };
    const auto store = memory_repository();
    const refusal cases[] = {
        {"database", {}},
        {"database", {.database = "some.db", .repository = store}},
        {"operation_deadline", {.operation_deadline = 0ms, .repository = store}},
        {"operation_deadline", {.operation_deadline = -1ms, .repository = store}},
        {"maintenance.interval", {.maintenance = maintenance_options{.interval = 0ms}, .repository = store}},
        {"maintenance.interval", {.maintenance = maintenance_options{.interval = -1ms}, .repository = store}},
        {"schema", {.database = "some.db", .schema = "cofila"}},
        {"schema", {.schema = "cofila", .repository = store}},
        {"migrate", {.database = "some.db", .migrate = false}},
        {"migrate", {.migrate = false, .repository = store}},
        {"database", {.database = "postgresql://%ZZ"}},  // also where the library was built without libpq
    };
    for (const auto& c : cases) {
        INFO(c.field);
        run_coro([&c]() -> asio::awaitable<void> {
            const auto e = co_await error_of(engine::open(c.options));
            CHECK(e.code == errc::invalid_argument);
            CHECK(e.field == c.field);
        });
    }
}

TEST_CASE("with a repository of its own and else the defaults an engine runs jobs, on the machine's clock")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto engine = co_await engine::open({.repository = memory_repository()});
        auto queue = engine.queue<int, int>("q");
        shift worker{queue, [](int_job job) -> asio::awaitable<int> { co_return job.data() * 2; }};
        event drained{executor};
        queue.events().drained.connect([&](const drained_event&) { drained.set(); });
        const auto added = co_await queue.add("x", 21);
        co_await drained.wait();
        const auto job = co_await queue.get_job(added.id());
        REQUIRE(job);
        CHECK(job->result() == 42);
        CHECK(job->finished_at() >= job->timestamp());
        co_await engine.close();
        co_await worker.join();
    });
}

APP_CASE("an engine sweeps by default, and not at all without maintenance")
{
    co_await a.clock->pass(1h);
    CHECK(a.store->calls(op::sweep) == 0);
    CHECK(a.clock->sleepers() == 0);
    auto options = a.options();
    options.maintenance = engine_options{}.maintenance;
    auto engine = co_await engine::open(std::move(options));
    co_await a.clock->pass(10s);
    CHECK(a.store->calls(op::sweep) == 3);
}

APP_CASE("a queue that was closed is opened anew: its options may be others, its events are its own")
{
    auto before = a.engine.queue<int, int>("q", {.defaults = {.attempts = 2}});
    recorder events_before{before.events()};
    co_await before.add("x", 1, {.id = "a"});
    co_await before.close();
    co_await settle();
    CHECK(events_before.take() == lines{"added a x", "waiting a"});

    auto after = a.engine.queue<int, int>("q", {.defaults = {.attempts = 3}});
    recorder events_after{after.events()};
    const auto job = co_await after.add("x", 1, {.id = "b"});
    CHECK(job.options().attempts == 3);
    const auto old = co_await after.get_job("a");
    REQUIRE(old);
    CHECK(old->options().attempts == 2);
    co_await settle();
    CHECK(events_before.take() == lines{});
    CHECK(events_after.take() == lines{"added b x", "waiting b"});
    const auto e = co_await error_of(before.get_job("b"));
    CHECK(e.code == errc::closed);
}

APP_CASE("close lets the jobs of all queues finish, side by side, and they may use any queue until the last has ended")
{
    auto one = a.engine.queue<int, int>("one");
    auto two = a.engine.queue<int, int>("two");
    co_await one.add("x", 1, {.id = "a"});
    co_await two.add("x", 1, {.id = "b"});
    patient quick{a};
    const auto slow = [&a, one](int_job) -> asio::awaitable<int> {
        const auto until = a.clock->steady_now() + 20s;
        co_await a.clock->sleep_until(until);
        co_await one.add("x", 1, {.id = "c"});  // its own workers have ended long ago
        co_return 1;
    };
    worker<int, int> first{one, quick.processor_of(), {.grace = 10s}};
    worker<int, int> second{two, slow, {.grace = 30s}};
    running run_first{first};
    running run_second{second};
    co_await settle();
    closing_engine close{a, a.engine};
    co_await a.clock->pass(9'999ms);
    CHECK_FALSE(run_first.ended());
    co_await a.clock->pass(1ms);
    CHECK(run_first.ended());
    CHECK(quick.aborted == 1);
    co_await a.clock->pass(9'999ms);
    CHECK_FALSE(*close.ended);
    CHECK(a.store->calls(op::close) == 0);
    co_await a.clock->pass(1ms);
    CHECK(*close.ended);
    co_await run_first.join();
    const auto report = co_await run_second.join();
    CHECK(report.finished == ids({"b"}));
    CHECK(a.store->calls(op::close) == 1);
    CHECK(a.store->calls(op::add) == 3);
    co_await close.tasks.join();
}

QUEUE_CASE("after close every call throws closed, and another close changes nothing")
{
    auto unused = a.engine.queue<int, int>("unused");
    const auto job = co_await queue.add("x", 1);
    worker<int, int> late{queue, [](int_job) -> asio::awaitable<int> { co_return 1; }};
    co_await a.engine.close();
    co_await a.engine.close();
    std::vector<thrown_error> errors;
    errors.push_back(co_await error_of(queue.add("x", 1)));
    errors.push_back(co_await error_of(unused.get_job_counts()));
    errors.push_back(co_await error_of(job.refresh()));
    errors.push_back(co_await error_of(job.update_progress(1)));
    errors.push_back(co_await error_of(job.log("line")));
    errors.push_back(co_await error_of(late.run()));
    errors.push_back(error_of([&] { a.engine.queue("q"); }));
    errors.push_back(error_of([&] { a.engine.queue("new"); }));
    errors.push_back(error_of([&] { queue.start_maintenance(); }));
    for (const auto& e : errors)
        CHECK(e.code == errc::closed);
    co_await late.close();
    CHECK(a.store->calls(op::add) == 1);
    CHECK(a.clock->sleepers() == 0);
}

QUEUE_CASE("two closes at once both wait for the end")
{
    co_await queue.add("x", 1);
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    closing_engine first{a, a.engine};
    closing_engine second{a, a.engine};
    co_await a.clock->pass(1s);
    CHECK_FALSE(*first.ended);
    CHECK_FALSE(*second.ended);
    here.out.open();
    co_await settle();
    CHECK(*first.ended);
    CHECK(*second.ended);
    co_await worker.join();
    co_await first.tasks.join();
    co_await second.tasks.join();
}

TEST_SUITE_END();
