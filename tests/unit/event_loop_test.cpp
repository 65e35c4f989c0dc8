#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <doctest/doctest.h>

#include <memory>

#include "async/event.hpp"
#include "async/event_loop.hpp"
#include "async/task_group.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

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
