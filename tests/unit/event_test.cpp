#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "async/event.hpp"
#include "async/event_loop.hpp"
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

TEST_SUITE_BEGIN("event_loop");

namespace {

bool stays_as_it_is(const asio::any_io_executor& executor)
{
    return event_loop::alone_on(executor)->executor() == executor;
}

asio::awaitable<void> wait_for(std::shared_ptr<event> which) { co_await which->wait(); }

}  // namespace

TEST_CASE("an engine lives on the executor itself where one thing at a time happens there, else on a strand of its own")
{
    asio::io_context one{1};
    asio::io_context several{2};
    asio::io_context any;
    asio::thread_pool pool{1};
    CHECK(stays_as_it_is(one.get_executor()));
    CHECK(stays_as_it_is(asio::make_strand(several)));
    CHECK(stays_as_it_is(asio::make_strand(pool)));
    CHECK(stays_as_it_is(asio::make_strand(asio::any_io_executor{any.get_executor()})));
    CHECK_FALSE(stays_as_it_is(several.get_executor()));
    CHECK_FALSE(stays_as_it_is(any.get_executor()));
    CHECK_FALSE(stays_as_it_is(pool.get_executor()));
}

TEST_CASE("what is run on the loop is done at once, elsewhere later")
{
    asio::io_context context{1};
    asio::io_context shared{4};
    const asio::any_io_executor executors[] = {
        context.get_executor(),
        shared.get_executor(),
        asio::make_strand(shared),
        asio::make_strand(asio::any_io_executor{shared.get_executor()})
    };
    const auto run_all = [&] {
        context.restart();
        context.run();
        shared.restart();
        shared.run();
    };
    for (const auto& executor : executors) {
        const auto loop = event_loop::alone_on(executor);
        bool done = false;
        const auto act = [&] { done = true; };
        CHECK(loop->run(act));
        CHECK_FALSE(done);
        run_all();
        CHECK(done);
        done = false;
        bool at_once = false;
        loop->post([&] {
            loop->run(act);
            at_once = done;
        });
        run_all();
        CHECK(at_once);
    }
}

TEST_CASE("a loop knows when its context has gone, and keeps nothing of it")
{
    for (const int hint : {1, 4}) {
        auto context = std::make_optional<asio::io_context>(hint);
        const auto loop = event_loop::alone_on(context->get_executor());
        const auto kept = std::make_shared<int>();
        CHECK(loop->post([kept] {}));
        context.reset();
        CHECK(kept.use_count() == 1);
        CHECK_FALSE(loop->post([kept] {}));
        CHECK_FALSE(loop->run([kept] {}));
        CHECK_FALSE(loop->is_current());
        CHECK(loop->executor() == asio::any_io_executor{});
        CHECK(kept.use_count() == 1);
    }
}

TEST_CASE("who waits for an event goes with the context, and the event can be set all the same")
{
    for (const int hint : {1, 4}) {
        auto context = std::make_optional<asio::io_context>(hint);
        const auto loop = event_loop::alone_on(context->get_executor());
        const auto bell = std::make_shared<event>(loop);
        auto group = std::make_optional<task_group>(loop);
        group->spawn(wait_for(bell));
        group->spawn(wait_for(bell));
        context->poll();
        CHECK(bell.use_count() == 3);
        context.reset();
        CHECK(bell.use_count() == 1);
        CHECK(group->empty());
        bell->set();
        group->cancel();
        group.reset();
    }
}

TEST_SUITE_END();
