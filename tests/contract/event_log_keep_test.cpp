// Which events are kept, and the places of their readers.
#include "contract/contract.hpp"
#include "contract/logged.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using lines = std::vector<std::string>;

TEST_SUITE_BEGIN("event log");

CONTRACT_CASE("a queue keeps no events unless it is told to")
{
    co_await s.add("a");
    const auto none = co_await log_after(s, 0);
    CHECK(none.empty());
    const auto found = co_await state(s);
    CHECK(found == event_log_state{});
    const auto unknown = co_await s.in("never seen")->event_log_of("never seen", "");
    CHECK(unknown == event_log_state{});
}

CONTRACT_CASE("a log keeps exactly the requested number of events, the newest, and its numbers go on")
{
    co_await keep(s, 3);
    co_await s.add_each({"a", "b", "c", "d", "e"});
    const auto log = co_await log_after(s, 0);
    CHECK(
        log ==
        lines{"3 added c: waiting at 0 (task)", "4 added d: waiting at 0 (task)", "5 added e: waiting at 0 (task)"}
    );
    co_await keep(s, 1);
    const auto fewer = co_await log_after(s, 0);
    CHECK(fewer == lines{"5 added e: waiting at 0 (task)"});
    const auto found = co_await state(s);
    CHECK(found == event_log_state{.events = 1, .last = 5, .log = 1});
}

CONTRACT_CASE("a page holds at most its limit, and begins behind the number that it is asked for")
{
    co_await keep(s, 100);
    co_await s.add_each({"a", "b", "c"});
    const auto middle = co_await log_after(s, 1, 1);
    CHECK(middle == lines{"2 added b: waiting at 0 (task)"});
    const auto end = co_await log_after(s, 3);
    CHECK(end.empty());
}

CONTRACT_CASE("queues have a log and numbers of their own")
{
    auto other = s.in("other");
    co_await keep(s, 10);
    co_await other.add("x");
    co_await s.add("a");
    const auto none = co_await log_after(other, 0);
    CHECK(none.empty());
    co_await keep(other, 10);
    co_await other.add("y");
    const auto mine = co_await log_after(s, 0);
    CHECK(mine == lines{"1 added a: waiting at 0 (task)"});
    const auto others = co_await log_after(other, 0);
    CHECK(others == lines{"1 added y: waiting at 0 (task)"});
}

CONTRACT_CASE("a log that is given up is forgotten with its readers' places, and its numbers are not given again")
{
    co_await keep(s, 10);
    co_await s.add_each({"a", "b"});
    co_await s->set_event_cursor(s.queue(), "reader", 1);
    co_await keep(s, {});
    co_await s.add("c");
    const auto none = co_await log_after(s, 0);
    CHECK(none.empty());
    const auto off = co_await state(s, "reader");
    CHECK(off == event_log_state{.last = 2, .log = 1});
    co_await keep(s, 10);
    co_await s.add("d");
    const auto log = co_await log_after(s, 0);
    CHECK(log == lines{"3 added d: waiting at 0 (task)"});
}

CONTRACT_CASE("a reader's place is kept under its name until it is moved or forgotten")
{
    co_await keep(s, 10);
    co_await s->set_event_cursor(s.queue(), "reader", 7);
    co_await s->set_event_cursor(s.queue(), "it's \"another\"", 8);
    auto found = co_await state(s, "reader");
    CHECK(found.cursor == 7);
    co_await s->set_event_cursor(s.queue(), "reader", 9);
    found = co_await state(s, "reader");
    CHECK(found.cursor == 9);
    co_await s->set_event_cursor(s.queue(), "reader", {});
    found = co_await state(s, "reader");
    CHECK_FALSE(found.cursor);
    found = co_await state(s, "it's \"another\"");
    CHECK(found.cursor == 8);
}

CONTRACT_CASE("resetting a queue gives its log up")
{
    co_await keep(s, 10);
    co_await s.add("a");
    co_await s->reset_queue(s.queue());
    const auto found = co_await state(s);
    CHECK(found == event_log_state{.last = 1, .log = 1});
    co_await s.add("b");
    const auto none = co_await log_after(s, 0);
    CHECK(none.empty());
}

CONTRACT_CASE("an obliterated queue has another log next, which begins at 1 and has no readers' places")
{
    co_await keep(s, 10);
    co_await s->set_event_cursor(s.queue(), "reader", 1);
    auto other = s.in("other");
    co_await keep(other, 10);
    co_await s->reset_queue(s.queue());
    auto found = co_await state(s, "reader");
    CHECK(found == event_log_state{});
    co_await keep(s, 10);
    found = co_await state(s, "reader");
    CHECK(found == event_log_state{.events = 10, .log = 3});
    co_await s.add("a");
    const auto log = co_await log_after(s, 0);
    CHECK(log == lines{"1 added a: waiting at 0 (task)"});
    const auto unnamed = co_await state(s, "");
    CHECK_FALSE(unnamed.cursor);
    found = co_await state(other);
    CHECK(found == event_log_state{.events = 10, .log = 2});
}

TEST_SUITE_END();
