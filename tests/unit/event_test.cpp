#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "async/event.hpp"
#include "async/task_group.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("event");

namespace {

asio::awaitable<void> wait_and_say(event& wake, std::string name, std::string& said)
{
    co_await wake.wait();
    said += name;
}

asio::awaitable<void> wait_and_say_error(event& wake, boost::system::error_code& said)
{
    const auto e = co_await error_of(wake.wait());
    said = e.code;
}

}  // namespace

TEST_CASE("set wakes everyone who waits, in the order in which they came")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        std::string said;
        task_group group{executor};
        group.spawn(wait_and_say(wake, "a", said));
        group.spawn(wait_and_say(wake, "b", said));
        co_await settle();
        CHECK(said == "");
        wake.set();
        CHECK(said == "");  // by a post: the one who sets is not run over
        co_await group.join();
        CHECK(said == "ab");
    });
}

TEST_CASE("a set that nobody waits for is remembered for one wait")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        wake.set();
        wake.set();
        co_await wake.wait();
        std::string said;
        task_group group{executor};
        group.spawn(wait_and_say(wake, "late", said));
        co_await settle();
        CHECK(said == "");
        wake.set();
        co_await group.join();
        CHECK(said == "late");
    });
}

TEST_CASE("a set that somebody waited for is not remembered")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        std::string said;
        task_group group{executor};
        group.spawn(wait_and_say(wake, "first", said));
        co_await settle();
        wake.set();
        co_await settle();
        group.spawn(wait_and_say(wake, "second", said));
        co_await settle();
        CHECK(said == "first");
        wake.set();
        co_await group.join();
    });
}

TEST_CASE("a waiter can be woken any number of times")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        int woken = 0;
        const auto loop = [&]() -> asio::awaitable<void> {
            for (; woken < 100; ++woken)
                co_await wake.wait();
        };
        task_group group{executor};
        group.spawn(loop());
        for (int i = 0; i < 100; ++i) {
            co_await settle();
            CHECK(woken == i);
            wake.set();
        }
        co_await group.join();
        CHECK(woken == 100);
    });
}

TEST_CASE("a cancelled wait ends with operation_aborted and leaves the others waiting")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        boost::system::error_code first;
        boost::system::error_code second;
        task_group cancelled{executor};
        task_group kept{executor};
        cancelled.spawn(wait_and_say_error(wake, first));
        kept.spawn(wait_and_say_error(wake, second));
        co_await settle();
        cancelled.cancel();
        co_await cancelled.join();
        CHECK(first == asio::error::operation_aborted);
        CHECK_FALSE(kept.empty());
        wake.set();
        co_await kept.join();
        CHECK(second == boost::system::error_code{});
    });
}

TEST_CASE("a cancellation after the set comes too late for the wait")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        std::string said;
        task_group group{executor};
        group.spawn(wait_and_say(wake, "woken", said));
        co_await settle();
        wake.set();
        group.cancel();
        co_await group.join();
        CHECK(said == "woken");
    });
}

TEST_CASE("a set after the cancellation is kept for the next wait")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        boost::system::error_code code;
        task_group group{executor};
        group.spawn(wait_and_say_error(wake, code));
        co_await settle();
        group.cancel();
        wake.set();
        co_await group.join();
        CHECK(code == asio::error::operation_aborted);
        co_await wake.wait();
    });
}

TEST_CASE("a wait whose event is destroyed ends with operation_aborted")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto wake = std::make_unique<event>(executor);
        boost::system::error_code code;
        task_group group{executor};
        group.spawn(wait_and_say_error(*wake, code));
        co_await settle();
        wake.reset();
        co_await group.join();
        CHECK(code == asio::error::operation_aborted);
    });
}

TEST_CASE("a coroutine that was woken at one event can be cancelled at the next")
{
    // The slot of the first wait must not be left pointing at what the second one needs.
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event first{executor};
        event second{executor};
        boost::system::error_code code;
        const auto both = [&]() -> asio::awaitable<void> {
            co_await first.wait();
            const auto e = co_await error_of(second.wait());
            code = e.code;
        };
        task_group group{executor};
        group.spawn(both());
        co_await settle();
        first.set();
        co_await settle();
        group.cancel();
        co_await group.join();
        CHECK(code == asio::error::operation_aborted);
        second.set();
        co_await second.wait();
    });
}

TEST_CASE("a wait that is not to be interrupted calls instead when it is cancelled, and goes on")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        std::string said;
        const auto waiting = [&]() -> asio::awaitable<void> {
            co_await wake.wait_uninterrupted([&] { said += "asked "; });
            said += "woken";
        };
        task_group group{executor};
        group.spawn(waiting());
        co_await settle();
        group.cancel();
        co_await settle();
        CHECK(said == "asked ");
        wake.set();
        co_await group.join();
        CHECK(said == "asked woken");
    });
}

TEST_CASE("who is called instead may end the wait itself")
{
    run_coro([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event wake{executor};
        std::string said;
        const auto waiting = [&]() -> asio::awaitable<void> {
            const std::string text(100, 'x');
            co_await wake.wait_uninterrupted([&wake, &said, text] {
                wake.set();
                said = text;  // still there, although the wait is over
            });
        };
        task_group group{executor};
        group.spawn(waiting());
        co_await settle();
        group.cancel();
        co_await group.join();
        CHECK(said == std::string(100, 'x'));
    });
}

TEST_SUITE_END();
