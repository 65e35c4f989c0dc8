#include <boost/signals2/connection.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "runtime/event_hub.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("events: slots");

namespace {

using int_queue = queue<int, int>;
using int_job = job<int, int>;

asio::awaitable<int> same(int_job job) { co_return job.data(); }

}  // namespace

APP_CASE("what a slot throws is told as it was thrown, and logged; the operation and later events are not harmed")
{
    lines log;
    auto options = a.options();
    options.logger.sink = [&](log_level level, std::string_view text) {
        CHECK(level == log_level::error);
        log.emplace_back(text);
    };
    auto engine = co_await engine::open(std::move(options));
    auto queue = engine.queue<int, int>("q");
    std::vector<std::string> told;
    int calls = 0;
    queue.events().added.connect([&](const added_event&) {
        ++calls;
        throw std::out_of_range{"slot"};
    });
    queue.events().error.connect([&](const error_event& e) {
        try {
            std::rethrow_exception(e.error);
        } catch (const std::out_of_range& thrown) {
            told.push_back(thrown.what() + (" " + e.text));
        }
    });
    recorder events{queue.events()};
    for (const auto* id : {"a", "b"}) {
        const auto job = co_await queue.add("x", 1, {.id = id});
        CHECK(job.id() == id);
        co_await settle();
    }
    CHECK(calls == 2);
    CHECK(told == lines{"slot slot", "slot slot"});
    CHECK(log == lines{"a slot of an event threw: slot"});  // what happens again and again is logged once
    CHECK(events.take() == lines{"added a x", "waiting a", "error slot", "added b x", "waiting b", "error slot"});
}

QUEUE_CASE("a slot may throw what is no exception")
{
    recorder events{queue.events()};
    queue.events().paused.connect([](const paused_event&) { throw 42; });
    co_await queue.pause();
    co_await settle();
    CHECK(events.take() == lines{"paused", "error exception of a type not derived from std::exception"});
}

QUEUE_CASE("a slot of error that throws is not called for ever, and the others are told")
{
    int calls = 0;
    queue.events().error.connect([&](const error_event&) {
        ++calls;
        throw std::runtime_error{"in error"};
    });
    recorder events{queue.events()};
    queue.events().paused.connect([](const paused_event&) { throw std::runtime_error{"in paused"}; });
    for (int i = 1; i <= 3; ++i) {
        co_await queue.pause();
        co_await queue.resume();
        co_await settle();
        CHECK(events.take() == lines{"paused", "resumed", "error in paused"});
        CHECK(calls == i);
    }
}

QUEUE_CASE("a slot of a worker that throws is told by the worker, whose jobs go on")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    recorder events{queue.events()};
    worker<int, int> worker{queue, same};
    worker.events().job_active.connect([](const job_active_event&) { throw std::runtime_error{"slot"}; });
    recorder own{worker.events()};
    running run{worker};
    co_await settle();
    const auto seen = own.take();
    CHECK(std::ranges::count(seen, "error slot") == 1);
    CHECK(std::ranges::count(seen, "job_processed a x") == 1);
    CHECK(events.take() == lines{"active a", "completed a 1", "drained"});
    co_await finish(worker, run);
}

QUEUE_CASE("a slot may disconnect itself and others, and connect new ones")
{
    auto& added = queue.events().added;
    lines calls;
    boost::signals2::connection once;
    boost::signals2::connection victim;
    once = added.connect([&](const added_event& e) {
        calls.push_back("once " + e.id.str());
        once.disconnect();
        victim.disconnect();
        added.connect([&](const added_event& later) { calls.push_back("new " + later.id.str()); });
    });
    victim = added.connect([&](const added_event& e) { calls.push_back("victim " + e.id.str()); });
    added.connect([&](const added_event& e) { calls.push_back("other " + e.id.str()); });
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(calls == lines{"once a", "other a"});
    calls.clear();
    co_await queue.add("x", 1, {.id = "b"});
    co_await settle();
    CHECK(calls == lines{"other b", "new b"});
}

QUEUE_CASE("a slot that has been disconnected by the time of its event is not called")
{
    std::optional<recorder> events{std::in_place, queue.events()};
    int calls = 0;
    boost::signals2::scoped_connection connection{queue.events().added.connect([&](const added_event&) { ++calls; })};
    co_await queue.add("x", 1, {.id = "a"});
    events.reset();
    connection.disconnect();
    co_await settle();
    CHECK(calls == 0);
}

QUEUE_CASE("what a slot does is told after what had happened before it")
{
    task_group tasks{a.executor};
    const auto add_more = [queue](std::string id) -> asio::awaitable<void> {
        co_await queue.add("x", 1, {.id = std::move(id)});
    };
    queue.events().added.connect([&](const added_event& e) {
        if (e.id.str().size() < 3)
            tasks.spawn(add_more(e.id.str() + "a"));
    });
    recorder events{queue.events()};
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.pause();
    co_await settle();
    CHECK(
        events.take() ==
        lines{"added a x", "waiting a", "paused", "added aa x", "waiting aa", "added aaa x", "waiting aaa"}
    );
    co_await tasks.join();
}

APP_CASE("a slot may destroy what it listens to, and the slots behind it are still called")
{
    auto queue = std::make_unique<int_queue>(a.engine.queue<int, int>("q"));
    auto worker = std::make_unique<cofila::worker<int, int>>(*queue, same);
    lines calls;
    worker->events().closed.connect([&](const closed_event&) {
        calls.emplace_back("first");
        worker.reset();
        queue.reset();
    });
    worker->events().closed.connect([&](const closed_event&) { calls.emplace_back("second"); });
    {
        running run{*worker};
        co_await settle();
        worker->stop();
        co_await run.join();
    }
    co_await settle();
    CHECK(calls == lines{"first", "second"});
    CHECK_FALSE(worker);
}

APP_CASE("events that are under way when their hub is dropped are told, and the hub goes")
{
    auto hub = std::make_shared<event_hub<queue_events>>(
        event_loop::at(a.executor), std::make_shared<reporter>(logger{}, a.clock)
    );
    const std::weak_ptr watch = hub;
    int calls = 0;
    hub->signals.paused.connect([&](const paused_event&) { ++calls; });
    hub->emit(&queue_events::paused, paused_event{});
    hub->emit(&queue_events::paused, paused_event{});
    hub.reset();
    CHECK(calls == 0);
    co_await settle();
    CHECK(calls == 2);
    CHECK(watch.expired());
}

TEST_SUITE_END();
