#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "async/task_group.hpp"
#include "async/wait_until.hpp"
#include "support/broken_clock.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("wait_until");

namespace {

/// One wait, watched from outside.
struct watched_wait {
    std::optional<thrown_error> ended{};

    asio::awaitable<void> run(event& wake, std::shared_ptr<manual_clock> clock, steady_time until)
    {
        ended = co_await error_of(wait_until(wake, clock, until));
    }
};

}  // namespace

TEST_CASE("a wait ends when its event is set, and nobody sleeps on")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        watched_wait wait;
        task_group group{executor};
        group.spawn(wait.run(wake, clock, clock->steady_now() + 5s));
        co_await settle();
        CHECK_FALSE(wait.ended.has_value());
        CHECK(clock->sleepers() == 1);
        wake.set();
        co_await settle();
        REQUIRE(wait.ended.has_value());
        CHECK_FALSE(wait.ended->code);
        CHECK(clock->sleepers() == 0);
        co_await group.join();
    });
}

TEST_CASE("a wait ends at its time and not before, and leaves the event to the next one")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        watched_wait wait;
        task_group group{executor};
        group.spawn(wait.run(wake, clock, clock->steady_now() + 5s));
        co_await clock->pass(4999ms);
        CHECK_FALSE(wait.ended.has_value());
        co_await clock->pass(1ms);
        REQUIRE(wait.ended.has_value());
        CHECK_FALSE(wait.ended->code);
        co_await group.join();

        // Nobody waits on the event any more, so that a set is remembered.
        wake.set();
        co_await wait_until(wake, clock, clock->steady_now() + 1h);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_CASE("an event that was set before ends the wait at once")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        event wake{co_await asio::this_coro::executor};
        wake.set();
        co_await wait_until(wake, clock, clock->steady_now() + 1h);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_CASE("a wait until now, or until a time that has passed, ends at once")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        event wake{co_await asio::this_coro::executor};
        co_await wait_until(wake, clock, clock->steady_now());
        co_await wait_until(wake, clock, clock->steady_now() - 1h);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_CASE("event and time in one moment end the wait once")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        for (const bool event_first : {true, false}) {
            event wake{executor};
            watched_wait wait;
            task_group group{executor};
            group.spawn(wait.run(wake, clock, clock->steady_now() + 5s));
            co_await settle();
            if (event_first)
                wake.set();
            clock->advance(5s);
            if (!event_first)
                wake.set();
            co_await group.join();
            REQUIRE(wait.ended.has_value());
            CHECK_FALSE(wait.ended->code);
        }
    });
}

TEST_CASE("a cancelled wait ends with operation_aborted and leaves nothing behind")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        watched_wait wait;
        task_group group{executor};
        group.spawn(wait.run(wake, clock, clock->steady_now() + 5s));
        co_await settle();
        group.cancel();
        co_await group.join();
        REQUIRE(wait.ended.has_value());
        CHECK(wait.ended->code == asio::error::operation_aborted);
        CHECK(clock->sleepers() == 0);
        wake.set();
        co_await wake.wait();
    });
}

TEST_CASE("a loop of waits wakes for every event and every tick")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        int woken = 0;
        const auto loop = [&]() -> asio::awaitable<void> {
            for (; woken < 20; ++woken)
                co_await wait_until(wake, clock, clock->steady_now() + 5s);
        };
        task_group group{executor};
        group.spawn(loop());
        for (int i = 0; i < 10; ++i) {
            co_await settle();
            CHECK(woken == 2 * i);
            wake.set();
            co_await settle();
            CHECK(woken == 2 * i + 1);
            co_await clock->pass(5s);
        }
        co_await group.join();
        CHECK(woken == 20);
    });
}

TEST_CASE("an error of the clock is seen, not taken for the time")
{
    run_coro([]() -> asio::awaitable<void> {
        event wake{co_await asio::this_coro::executor};
        std::string caught;
        try {
            co_await wait_until(wake, std::make_shared<broken_clock>(), {});
        } catch (const std::runtime_error& e) {
            caught = e.what();
        }
        CHECK(caught == "no timer left");
    });
}

TEST_SUITE_END();
