#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "async/task_group.hpp"
#include "support/manual_clock.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("run_coro");

TEST_CASE("run_coro throws what its body throws")
{
    CHECK_THROWS_WITH_AS(
        run_coro([]() -> asio::awaitable<void> {
            co_await settle();
            throw std::runtime_error{"from the body"};
        }),
        "from the body",
        std::runtime_error
    );
}

TEST_CASE("a REQUIRE inside of run_coro ends the test" * doctest::should_fail())
{
    bool went_on = false;
    try {
        run_coro([&]() -> asio::awaitable<void> {
            REQUIRE(1 + 1 == 3);
            went_on = true;
            co_return;
        });
    } catch (...) {
        if (!went_on)
            throw;
    }
}

TEST_CASE("a body that leaves a suspended coroutine behind fails" * doctest::should_fail())
{
    // On the heap and never freed, like the coroutine that waits for it.
    static std::vector<std::unique_ptr<event>> kept;
    run_coro([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        kept.push_back(std::make_unique<event>(executor));
        asio::co_spawn(executor, kept.back()->wait(), [](std::exception_ptr) {});
    });
}

TEST_CASE("a body that leaves a sleeper behind fails" * doctest::should_fail())
{
    static const auto clock = std::make_shared<manual_clock>();
    run_coro(clock, []() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, clock->sleep_until(clock->steady_now() + milliseconds{1}), [](std::exception_ptr) {});
    });
}

TEST_CASE("what the body leaves ready is run")
{
    bool ran = false;
    run_coro([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        asio::post(executor, [&ran, executor] { asio::post(executor, [&ran] { ran = true; }); });
    });
    CHECK(ran);
}

TEST_CASE("settle returns when nothing more is ready, however long the chain")
{
    int posted = 0;
    run_coro([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        std::function<void()> chain = [&] {
            if (++posted < 1000)
                asio::post(executor, chain);
        };
        asio::post(executor, chain);
        co_await settle();
        CHECK(posted == 1000);
        co_await settle();
        CHECK(posted == 1000);
    });
}

TEST_CASE("of two that settle the second sees what the first made ready")
{
    std::string trace;
    run_coro([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        task_group group{executor};
        const auto first = [&]() -> asio::awaitable<void> {
            co_await settle();
            trace += 'a';
            asio::post(executor, [&] { trace += 'b'; });
        };
        const auto second = [&]() -> asio::awaitable<void> {
            co_await settle();
            trace += 'c';
        };
        group.spawn(first());
        group.spawn(second());
        co_await group.join();
    });
    CHECK(trace == "abc");
}

TEST_SUITE_END();
