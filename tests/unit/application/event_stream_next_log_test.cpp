// An event stream whose queue is obliterated goes on with the queue's next log.
#include <cofila/event_stream.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "app.hpp"
#include "stream_reading.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("event stream: the next log");

QUEUE_CASE("a stream of a queue that was obliterated goes on with the first event of the next log, however many it has")
{
    for (const std::size_t later : {1u, 2u, 3u}) {
        co_await queue.set_event_log(100);
        co_await add(queue, {"a", "b"});
        const auto stream = queue.stream({.after = 0});
        auto next = co_await stream.next();
        next = co_await stream.next();
        CHECK(next.event.sequence == 2);
        co_await queue.obliterate();
        const auto refused = co_await error_of(next_number(stream));
        CHECK(refused.code == errc::wrong_state);
        CHECK(refused.text == "queue 'q' keeps no events; let it, by set_event_log, before they happen");
        co_await queue.set_event_log(100);
        const std::vector<std::string> ids{"c", "d", "e"};
        co_await add(queue, {ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(later)});
        for (std::size_t i = 0; i < later; ++i) {
            next = co_await stream.next();
            CHECK(next.event.sequence == i + 1);
            CHECK(next.event.id.str() == ids[i]);
            CHECK(next.missed == 0);
        }
        co_await queue.obliterate();
    }
}

QUEUE_CASE("what a stream has read before its queue was obliterated is returned first")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"a", "b"});
    const auto stream = queue.stream({.after = 0});
    auto number = co_await next_number(stream);
    co_await queue.obliterate();
    co_await queue.set_event_log(2);
    co_await add(queue, {"c", "d", "e"});
    number = co_await next_number(stream);
    CHECK(number == 2);
    const auto next = co_await stream.next();
    CHECK(next.event.id.str() == "d");
    CHECK(next.missed == 1);
}

QUEUE_CASE("a place that is saved after its queue was obliterated is the beginning of the next log")
{
    co_await queue.set_event_log(100);
    co_await add(queue, {"a", "b"});
    const auto stream = queue.stream({.after = 0, .name = "mail"});
    auto number = co_await next_number(stream);
    number = co_await next_number(stream);
    co_await queue.obliterate();
    co_await queue.set_event_log(100);
    co_await stream.save();
    co_await add(queue, {"c", "d", "e"});
    number = co_await next_number(queue.stream({.name = "mail"}));
    CHECK(number == 1);
}

TEST_SUITE_END();
