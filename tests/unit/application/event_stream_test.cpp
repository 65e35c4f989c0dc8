#include <cofila/event_stream.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "notes.hpp"
#include "stream_reading.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("event stream");

namespace {

using numbers = std::vector<std::uint64_t>;

/// Reads for ever, as a task of its own.
struct reader {
    reader(app& a, event_stream from) : tasks{a.executor} { tasks.spawn(read(std::move(from), state)); }

    struct found {
        numbers read{};
        std::vector<std::string> ids{};
        std::uint64_t missed = 0;
        thrown_error thrown{};
        bool ended = false;
    };

    static asio::awaitable<void> read(event_stream from, std::shared_ptr<found> into)
    {
        const auto all = [&]() -> asio::awaitable<void> {
            for (;;) {
                const auto next = co_await from.next();
                into->read.push_back(next.event.sequence);
                into->ids.push_back(next.event.id.str());
                into->missed += next.missed;
            }
        };
        into->thrown = co_await error_of(all());
        into->ended = true;
    }

    std::shared_ptr<found> state = std::make_shared<found>();
    task_group tasks;
};

}  // namespace

QUEUE_CASE("a stream tells what happens after it was opened, at once and without polling")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"before"});
    const auto stream = queue.stream();
    co_await stream.open();
    co_await add(queue, {"a"});
    reader reading{a, stream};
    co_await settle();
    CHECK(reading.state->ids == std::vector<std::string>{"a"});
    co_await add(queue, {"b", "c"});
    co_await settle();
    CHECK(reading.state->read == numbers{2, 3, 4});
    CHECK(reading.state->missed == 0);
    CHECK(a.elapsed() == 0ms);
}

QUEUE_CASE("two streams of one queue each tell everything")
{
    co_await queue.set_event_log(100);
    reader one{a, queue.stream({.after = 0})};
    reader two{a, queue.stream({.after = 0})};
    co_await settle();
    co_await add(queue, {"a", "b"});
    co_await settle();
    CHECK(one.state->read == numbers{1, 2});
    CHECK(two.state->read == numbers{1, 2});
}

QUEUE_CASE("progress wakes a stream, heard by others or not")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"a"});
    reader reading{a, queue.stream({.after = 0})};
    co_await settle();
    auto job = co_await queue.get_job("a");
    co_await job->update_progress(50);
    co_await settle();
    CHECK(reading.state->read == numbers{1, 2});
}

QUEUE_CASE("what happens in another process is told with the next sign of a commit, or after 5 s")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"a", "b"});
    reader reading{a, queue.stream()};
    co_await settle();
    const auto remove_elsewhere = [&](job_id id) -> asio::awaitable<void> {
        (void)co_await a.store->inner().change("q", std::move(id), removal{}, a.clock->wall_now());
    };
    co_await remove_elsewhere("a");
    co_await settle();
    CHECK(reading.state->read.empty());
    CHECK(a.store->watching == 1);
    a.store->changes.set();
    co_await settle();
    CHECK(reading.state->read == numbers{3});
    co_await remove_elsewhere("b");
    co_await a.clock->pass(5s);
    CHECK(reading.state->read == numbers{3, 4});
}

QUEUE_CASE("a stream says how many events were dropped before it could read them")
{
    co_await queue.set_event_log(2);
    const auto stream = queue.stream();
    co_await stream.open();
    co_await add(queue, {"a", "b", "c", "d", "e"});
    auto next = co_await stream.next();
    CHECK(next.event.sequence == 4);
    CHECK(next.missed == 3);
    next = co_await stream.next();
    CHECK(next.event.sequence == 5);
    CHECK(next.missed == 0);
}

QUEUE_CASE("more events than one page are told in order")
{
    co_await queue.set_event_log(1000);
    std::vector<job_spec<int>> jobs(250, {.name = "x", .data = 1});
    (void)co_await queue.add_bulk(std::move(jobs));
    reader reading{a, queue.stream({.after = 20})};
    co_await settle();
    REQUIRE(reading.state->read.size() == 230);
    CHECK(reading.state->read.front() == 21);
    CHECK(reading.state->read.back() == 250);
}

QUEUE_CASE("a stream with a name goes on where it was saved, not where it was read")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"a", "b", "c"});
    const auto first = queue.stream({.after = 0, .name = "mail"});
    auto number = co_await next_number(first);
    CHECK(number == 1);
    co_await first.save();
    number = co_await next_number(first);
    CHECK(number == 2);
    const auto second = queue.stream({.after = 0, .name = "mail"});
    number = co_await next_number(second);
    CHECK(number == 2);
    const auto other = queue.stream({.after = 0, .name = "other"});
    number = co_await next_number(other);
    CHECK(number == 1);
    co_await queue.remove_cursor("mail");
    const auto third = queue.stream({.after = 0, .name = "mail"});
    number = co_await next_number(third);
    CHECK(number == 1);
}

QUEUE_CASE("a new name that is saved before anything was read keeps the place where it was opened")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"a"});
    co_await queue.stream({.name = "mail"}).save();
    co_await add(queue, {"b"});
    const auto number = co_await next_number(queue.stream({.name = "mail"}));
    CHECK(number == 2);
}

QUEUE_CASE("a wait for an event ends early when it is cancelled, and no event is lost")
{
    co_await queue.set_event_log(100);
    const auto stream = queue.stream({.after = 0});
    {
        reader reading{a, stream};
        co_await settle();
        reading.tasks.cancel();
        co_await reading.tasks.join();
    }
    co_await add(queue, {"a"});
    const auto number = co_await next_number(stream);
    CHECK(number == 1);
    CHECK(a.clock->sleepers() == 0);
}

QUEUE_CASE("a wait that is cancelled while the store answers loses no event either")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"a"});
    const auto stream = queue.stream({.after = 0});
    a.store->hold_answer(op::events);
    {
        reader reading{a, stream};
        co_await settle();
        REQUIRE(a.store->held(op::events) == 1);
        reading.tasks.cancel();
        co_await settle();
        a.store->let_go(op::events);
        co_await reading.tasks.join();
        CHECK(reading.state->read.empty());
    }
    const auto number = co_await next_number(stream);
    CHECK(number == 1);
}

QUEUE_CASE("a stream of a queue that keeps no events is refused, also when they are given up while it waits")
{
    auto refused = co_await error_of(queue.stream().open());
    CHECK(refused.code == errc::wrong_state);
    refused = co_await error_of(next_number(queue.stream()));
    CHECK(refused.code == errc::wrong_state);
    co_await queue.set_event_log(1);
    reader reading{a, queue.stream()};
    co_await settle();
    CHECK_FALSE(reading.state->ended);
    co_await queue.set_event_log({});
    co_await settle();
    CHECK(reading.state->thrown.code == errc::wrong_state);
}

QUEUE_CASE("obliterating a queue and closing it end the waits of its streams")
{
    co_await queue.set_event_log(1);
    reader first{a, queue.stream()};
    co_await settle();
    co_await queue.obliterate();
    co_await settle();
    CHECK(first.state->thrown.code == errc::wrong_state);
    co_await queue.set_event_log(1);
    reader second{a, queue.stream()};
    co_await settle();
    co_await queue.close();
    co_await settle();
    CHECK(second.state->thrown.code == errc::closed);
}

QUEUE_CASE("a stream answers one call at a time")
{
    co_await queue.set_event_log(1);
    const auto stream = queue.stream({.name = "mail"});
    reader reading{a, stream};
    co_await settle();
    for (const auto call : {&event_stream::open, &event_stream::save}) {
        const auto refused = co_await error_of((stream.*call)());
        CHECK(refused.code == errc::wrong_state);
    }
    co_await add(queue, {"a"});
    co_await settle();
    CHECK(reading.state->read == numbers{1});
}

QUEUE_CASE("what a stream is asked for is checked")
{
    co_await queue.set_event_log(10);
    co_await add(queue, {"a"});
    auto refused = co_await error_of(queue.stream({.after = 2}).open());
    CHECK(refused.code == errc::invalid_argument);
    CHECK(refused.field == "after");
    refused = co_await error_of(queue.stream().save());
    CHECK(refused.field == "name");
    CHECK_THROWS_AS((void)queue.stream({.name = std::string(201, 'x')}), error);
    refused = co_await error_of(queue.remove_cursor(""));
    CHECK(refused.field == "name");
}

QUEUE_CASE("a stream that failed to read goes on where it was")
{
    co_await queue.set_event_log(10);
    co_await add(queue, {"a"});
    const auto stream = queue.stream({.after = 0});
    a.store->fail(op::events);
    const auto failed = co_await error_of(next_number(stream));
    CHECK(failed.code == errc::storage_busy);
    const auto number = co_await next_number(stream);
    CHECK(number == 1);
}

TEST_SUITE_END();
