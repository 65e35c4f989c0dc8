#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("manual_clock");

namespace {

asio::awaitable<void> sleep_and_say(
    std::shared_ptr<manual_clock> clock, milliseconds length, std::string name, std::string& said
)
{
    co_await clock->sleep_until(clock->steady_now() + length);
    said += name;
}

}  // namespace

TEST_CASE("the manual clock moves both times together, and the wall's alone when it is set")
{
    manual_clock clock;
    const auto steady = clock.steady_now();
    CHECK(clock.wall_now() == manual_clock::start);
    clock.advance(1500ms);
    CHECK(clock.wall_now() == manual_clock::start + 1500ms);
    CHECK(clock.steady_now() == steady + 1500ms);
    clock.step_wall(-1h);
    CHECK(clock.wall_now() == manual_clock::start + 1500ms - 1h);
    CHECK(clock.steady_now() == steady + 1500ms);
}

TEST_CASE("sleepers wake when they are due and not before, the earliest first, then in order of arrival")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        std::string said;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(sleep_and_say(clock, 20ms, "c", said));
        group.spawn(sleep_and_say(clock, 10ms, "a", said));
        group.spawn(sleep_and_say(clock, 10ms, "b", said));
        co_await settle();
        CHECK(clock->sleepers() == 3);
        clock->advance(9ms);
        co_await settle();
        CHECK(said == "");
        clock->advance(1ms);
        co_await settle();
        CHECK(said == "ab");
        clock->advance(1h);
        co_await settle();
        CHECK(said == "abc");
        co_await group.join();
    });
}

TEST_CASE("a sleep until now or earlier does not wait for the clock")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        co_await clock->sleep_until(clock->steady_now());
        co_await clock->sleep_until(clock->steady_now() - 1h);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_CASE("a step of the wall clock wakes nobody")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        std::string said;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(sleep_and_say(clock, 10ms, "a", said));
        co_await settle();
        clock->step_wall(1h);
        co_await settle();
        CHECK(said == "");
        clock->advance(10ms);
        co_await group.join();
        CHECK(said == "a");
    });
}

TEST_CASE("a cancelled sleep ends with operation_aborted and is forgotten")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        thrown_error thrown;
        const auto sleep = [&]() -> asio::awaitable<void> {
            thrown = co_await error_of(clock->sleep_until(clock->steady_now() + 10ms));
        };
        task_group group{co_await asio::this_coro::executor};
        group.spawn(sleep());
        co_await settle();
        group.cancel();
        CHECK(clock->sleepers() == 0);
        co_await group.join();
        CHECK(thrown.code == asio::error::operation_aborted);
    });
}

TEST_CASE("a sleep that is due and then cancelled has slept")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        std::string said;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(sleep_and_say(clock, 10ms, "a", said));
        co_await settle();
        clock->advance(10ms);
        group.cancel();
        co_await group.join();
        CHECK(said == "a");
    });
}

TEST_CASE("pass stops at every sleeper's end on the way")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        std::vector<milliseconds> woken;
        const auto begin = clock->wall_now();
        const auto every_five = [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 100; ++i) {
                co_await clock->sleep_until(clock->steady_now() + 5ms);
                woken.push_back(clock->wall_now() - begin);
            }
        };
        task_group group{co_await asio::this_coro::executor};
        group.spawn(every_five());
        co_await clock->pass(17ms);
        CHECK(woken == std::vector<milliseconds>{5ms, 10ms, 15ms});
        CHECK(clock->wall_now() == begin + 17ms);
        group.cancel();
        co_await group.join();
    });
}

TEST_SUITE_END();
