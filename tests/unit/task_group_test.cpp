#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "async/task_group.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("task_group");

namespace {

asio::awaitable<void> sleep(std::shared_ptr<manual_clock> clock, milliseconds length, int& ended)
{
    co_await clock->sleep_until(clock->steady_now() + length);
    ++ended;
}

asio::awaitable<void> fail(std::string why)
{
    co_await settle();
    throw std::runtime_error{why};
}

}  // namespace

TEST_CASE("join returns when the last task has ended")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        int ended = 0;
        bool joined = false;
        task_group group{executor};
        CHECK(group.empty());
        for (const auto length : {3ms, 1ms, 2ms})
            group.spawn(sleep(clock, length, ended));
        CHECK_FALSE(group.empty());
        const auto join = [&]() -> asio::awaitable<void> {
            co_await group.join();
            joined = true;
        };
        task_group outer{executor};
        outer.spawn(join());
        co_await clock->pass(2ms);
        CHECK(ended == 2);
        CHECK_FALSE(joined);
        co_await clock->pass(1ms);
        CHECK(ended == 3);
        CHECK(joined);
        CHECK(group.empty());
        co_await outer.join();
    });
}

TEST_CASE("join of an empty group returns at once, any number of times")
{
    run_coro([]() -> asio::awaitable<void> {
        task_group group{co_await asio::this_coro::executor};
        co_await group.join();
        group.spawn(settle());
        co_await group.join();
        co_await group.join();
        CHECK(group.empty());
    });
}

TEST_CASE("a group that was idle once waits for its next tasks all the same")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        task_group group{co_await asio::this_coro::executor};
        int ended = 0;
        group.spawn(sleep(clock, 0ms, ended));
        co_await settle();  // idle, and nobody was waiting for it
        REQUIRE(group.empty());
        group.spawn(sleep(clock, 1ms, ended));
        bool joined = false;
        const auto join = [&]() -> asio::awaitable<void> {
            co_await group.join();
            joined = true;
        };
        task_group outer{co_await asio::this_coro::executor};
        outer.spawn(join());
        co_await settle();
        CHECK_FALSE(joined);
        co_await clock->pass(1ms);
        CHECK(joined);
        co_await outer.join();
    });
}

TEST_CASE("cancel asks every task to end, and join waits until they have")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        task_group group{co_await asio::this_coro::executor};
        int ended = 0;
        int cancelled = 0;
        const auto task = [&]() -> asio::awaitable<void> {
            const auto e = co_await error_of(sleep(clock, 1h, ended));
            cancelled += e.code == asio::error::operation_aborted ? 1 : 0;
        };
        for (int i = 0; i < 50; ++i)
            group.spawn(task());
        co_await settle();
        group.cancel();
        co_await group.join();
        CHECK(cancelled == 50);
        CHECK(ended == 0);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_CASE("a task that was cancelled before it began ends too")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        task_group group{co_await asio::this_coro::executor};
        int ended = 0;
        group.spawn(sleep(clock, 1h, ended));
        group.cancel();
        co_await group.join();
        CHECK(ended == 0);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_CASE("join throws the first error that escaped a task, once, after all have ended")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        task_group group{co_await asio::this_coro::executor};
        int ended = 0;
        group.spawn(fail("first"));
        group.spawn(fail("second"));
        group.spawn(sleep(clock, 1ms, ended));
        co_await settle();
        CHECK_FALSE(group.empty());
        clock->advance(1ms);
        std::string caught;
        try {
            co_await group.join();
        } catch (const std::runtime_error& e) {
            caught = e.what();
        }
        CHECK(caught == "first");
        CHECK(ended == 1);
        co_await group.join();
    });
}

TEST_CASE("the operation_aborted of a cancelled group is no error, any other error of its tasks is")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        int ended = 0;
        task_group group{executor};
        group.spawn(sleep(clock, 1h, ended));
        co_await settle();
        group.cancel();
        co_await group.join();

        const auto translate = [&]() -> asio::awaitable<void> {
            const auto e = co_await error_of(sleep(clock, 1h, ended));
            throw std::runtime_error{e.code == asio::error::operation_aborted ? "given up" : "other"};
        };
        task_group other{executor};
        other.spawn(sleep(clock, 1h, ended));
        other.spawn(translate());
        co_await settle();
        other.cancel();
        std::string caught;
        try {
            co_await other.join();
        } catch (const std::runtime_error& e) {
            caught = e.what();
        }
        CHECK(caught == "given up");
    });
}

TEST_CASE("an operation_aborted that nobody asked for is an error")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto task = []() -> asio::awaitable<void> {
            throw boost::system::system_error{asio::error::operation_aborted};
            co_return;
        };
        task_group group{co_await asio::this_coro::executor};
        group.spawn(task());
        const auto e = co_await error_of(group.join());
        CHECK(e.code == asio::error::operation_aborted);
    });
}

TEST_CASE("what a task uses is kept until it has ended, and no longer")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        int ended = 0;
        auto used = std::make_shared<int>(1);
        const std::weak_ptr<int> seen = used;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(sleep(clock, 1ms, ended), std::move(used));
        co_await settle();
        CHECK_FALSE(seen.expired());
        clock->advance(1ms);
        co_await group.join();
        CHECK(seen.expired());
    });
}

TEST_CASE("a task may spawn others")
{
    run_coro([]() -> asio::awaitable<void> {
        task_group group{co_await asio::this_coro::executor};
        int ran = 0;
        const std::function<asio::awaitable<void>(int)> task = [&](int depth) -> asio::awaitable<void> {
            ++ran;
            for (int i = 0; i < 2 && depth > 0; ++i)
                group.spawn(task(depth - 1));
            co_await settle();
        };
        group.spawn(task(3));
        co_await group.join();
        CHECK(ran == 15);
    });
}

TEST_CASE("a cancelled join leaves the tasks running")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        task_group group{executor};
        int ended = 0;
        group.spawn(sleep(clock, 1ms, ended));
        thrown_error thrown;
        const auto join = [&]() -> asio::awaitable<void> { thrown = co_await error_of(group.join()); };
        task_group outer{executor};
        outer.spawn(join());
        co_await settle();
        outer.cancel();
        co_await outer.join();
        CHECK(thrown.code == asio::error::operation_aborted);
        CHECK_FALSE(group.empty());
        clock->advance(1ms);
        co_await group.join();
        CHECK(ended == 1);
    });
}

TEST_CASE("a group that goes without a join cancels its tasks")
{
    const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, [clock]() -> asio::awaitable<void> {
        boost::system::error_code code;
        int ended = 0;
        const auto task = [&]() -> asio::awaitable<void> {
            const auto e = co_await error_of(sleep(clock, 1h, ended));
            code = e.code;
        };
        {
            task_group group{co_await asio::this_coro::executor};
            group.spawn(task());
            co_await settle();
        }
        co_await settle();
        CHECK(code == asio::error::operation_aborted);
        CHECK(clock->sleepers() == 0);
    });
}

TEST_SUITE_END();
