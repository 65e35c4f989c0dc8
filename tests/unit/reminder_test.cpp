#include <boost/asio/this_coro.hpp>

#include <memory>
#include <stdexcept>
#include <string>

#include "async/reminder.hpp"
#include "async/task_group.hpp"
#include "support/broken_clock.hpp"
#include "support/manual_clock.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("reminder");

namespace {

/// Counts how often the event is set.
asio::awaitable<void> count_rings(event& bell, int& rings)
{
    for (;;) {
        co_await bell.wait();
        ++rings;
    }
}

/// A reminder that runs, on a clock that stands still.
void with_reminder(asio::awaitable<void> (*use)(reminder&, int& rings, std::shared_ptr<manual_clock>))
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock, use]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event bell{executor};
        reminder tested{bell, clock};
        int rings = 0;
        task_group group{executor};
        group.spawn(tested.run());
        group.spawn(count_rings(bell, rings));
        co_await settle();
        co_await use(tested, rings, clock);
        group.cancel();
        co_await group.join();
        CHECK(clock->sleepers() == 0);
    });
}

}  // namespace

TEST_CASE("it rings at its time, once")
{
    with_reminder([](reminder& tested, int& rings, std::shared_ptr<manual_clock> clock) -> asio::awaitable<void> {
        tested.set_for(clock->steady_now() + 5s);
        co_await clock->pass(4999ms);
        CHECK(rings == 0);
        co_await clock->pass(1ms);
        CHECK(rings == 1);
        co_await clock->pass(1h);
        CHECK(rings == 1);
    });
}

TEST_CASE("it rings at the last time that was said, be it later or earlier")
{
    with_reminder([](reminder& tested, int& rings, std::shared_ptr<manual_clock> clock) -> asio::awaitable<void> {
        const auto start = clock->steady_now();
        tested.set_for(start + 5s);
        co_await settle();
        tested.set_for(start + 8s);
        co_await clock->pass(7999ms);
        CHECK(rings == 0);
        co_await clock->pass(1ms);
        CHECK(rings == 1);

        tested.set_for(start + 1h);
        co_await settle();
        tested.set_for(start + 10s);
        co_await clock->pass(2s);
        CHECK(rings == 2);
        co_await clock->pass(2h);
        CHECK(rings == 2);
    });
}

TEST_CASE("nobody sleeps where no time was said")
{
    with_reminder([](reminder& tested, int& rings, std::shared_ptr<manual_clock> clock) -> asio::awaitable<void> {
        CHECK(clock->sleepers() == 0);
        tested.set_for(clock->steady_now() + 1s);
        co_await settle();
        CHECK(clock->sleepers() == 1);
        co_await clock->pass(1s);
        CHECK(rings == 1);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_CASE("whoever waits hears of a clock that fails")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const auto clock = std::make_shared<broken_clock>();
        event bell{executor};
        reminder tested{bell, clock};
        task_group group{executor};
        group.spawn(tested.run());
        co_await settle();
        tested.set_for(clock->steady_now() + 1s);
        co_await bell.wait();
        CHECK_THROWS_WITH(tested.set_for(clock->steady_now() + 1s), "no timer left");
        std::string thrown;
        try {
            co_await group.join();
        } catch (const std::runtime_error& e) {
            thrown = e.what();
        }
        CHECK(thrown == "no timer left");
    });
}

TEST_CASE("a time that has passed is now")
{
    with_reminder([](reminder& tested, int& rings, std::shared_ptr<manual_clock> clock) -> asio::awaitable<void> {
        tested.set_for(clock->steady_now());
        co_await settle();
        CHECK(rings == 1);
        tested.set_for(clock->steady_now() - 1h);
        co_await settle();
        CHECK(rings == 2);
    });
}

TEST_SUITE_END();
