#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("maintenance: beginning and end");

QUEUE_CASE("start_maintenance begins the sweeps where the engine makes none, once however often it is asked")
{
    co_await a.clock->pass(1min);
    CHECK(a.store->calls(op::sweep) == 0);
    queue.start_maintenance();
    queue.start_maintenance();
    a.engine.queue<int, int>("q").start_maintenance();
    co_await settle();
    CHECK(a.store->calls(op::sweep) == 1);
    CHECK(a.clock->sleepers() == 1);
    co_await a.clock->pass(10s);
    CHECK(a.store->calls(op::sweep) == 3);
}

APP_CASE("the sweeps end when the last queue that asked for them is closed, and can be begun again")
{
    auto one = a.engine.queue<int, int>("one");
    auto two = a.engine.queue<int, int>("two");
    one.start_maintenance();
    two.start_maintenance();
    co_await settle();
    CHECK(a.store->calls(op::sweep) == 1);
    co_await one.close();
    co_await one.close();  // takes back no more than it asked for
    co_await a.clock->pass(5s);
    CHECK(a.store->calls(op::sweep) == 2);
    co_await two.close();
    co_await settle();
    CHECK(a.clock->sleepers() == 0);
    co_await a.clock->pass(1min);
    CHECK(a.store->calls(op::sweep) == 2);

    auto again = a.engine.queue<int, int>("one");
    again.start_maintenance();
    co_await settle();
    CHECK(a.store->calls(op::sweep) == 3);
    co_await a.clock->pass(5s);
    CHECK(a.store->calls(op::sweep) == 4);
}

QUEUE_CASE(
    "the close of a queue that asked for maintenance does not end that of the engine",
    maintenance_options{.interval = 5s}
)
{
    queue.start_maintenance();
    co_await settle();
    CHECK(a.store->calls(op::sweep) == 1);
    co_await queue.close();
    co_await a.clock->pass(10s);
    CHECK(a.store->calls(op::sweep) == 3);
}

APP_CASE(
    "closing the engine waits for the sweep under way, closes the store after it, and nothing sleeps on",
    maintenance_options{.interval = 5s}
)
{
    co_await settle();
    a.store->hold_answer(op::sweep);
    co_await a.clock->pass(5s);
    REQUIRE(a.store->held(op::sweep) == 1);
    bool closed = false;
    const auto close = [&]() -> asio::awaitable<void> {
        co_await a.engine.close();
        closed = true;
    };
    task_group tasks{a.executor};
    tasks.spawn(close());
    co_await a.clock->pass(1min);
    CHECK_FALSE(closed);
    CHECK(a.store->calls(op::close) == 0);
    a.store->let_go(op::sweep);
    co_await settle();
    CHECK(closed);
    CHECK(a.store->calls(op::close) == 1);
    CHECK(a.clock->sleepers() == 0);
    co_await tasks.join();
    const auto sweeps = a.store->calls(op::sweep);
    co_await a.clock->pass(1min);
    CHECK(a.store->calls(op::sweep) == sweeps);
}

APP_CASE("without a queue, what a sweep finds wrong goes to the log")
{
    lines log;
    auto options = a.options();
    options.maintenance = maintenance_options{.interval = 5s};
    options.logger.sink = [&](log_level level, std::string_view text) {
        log.push_back(std::to_string(static_cast<int>(level)) + " " + std::string{text});
    };
    a.store->fail(op::locks);
    auto engine = co_await engine::open(std::move(options));
    co_await settle();
    CHECK(log == lines{std::to_string(static_cast<int>(log_level::error)) + " scripted"});
    co_await a.clock->pass(10s);
    CHECK(log.size() == 1);
}

TEST_SUITE_END();
