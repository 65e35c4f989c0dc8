#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using lines = std::vector<std::string>;

TEST_SUITE_BEGIN("event log");

namespace {

asio::awaitable<void> keep(subject s, std::optional<int> events)
{
    return s->set(s.queue(), event_log{.events = events});
}

/// As `3 moved a: active -> failed at 20 (boom)`; the time is that since the test began.
std::string words(const logged_event& what)
{
    constexpr const char* kinds[] = {"added", "moved", "progress", "removed"};
    std::string out = std::to_string(what.sequence) + ' ' + kinds[static_cast<int>(what.what)] + ' ' + what.id.str();
    out += ": " + (what.from ? std::string{to_string(*what.from)} + " -> " : std::string{});
    out += to_string(what.state);
    if (what.at)
        out += " at " + std::to_string((*what.at - manual_clock::start).count());
    return what.text.empty() ? out : out + " (" + what.text + ')';
}

asio::awaitable<lines> log_after(subject s, std::uint64_t after, int limit = 100)
{
    const auto events = co_await s->events_after(s.queue(), after, limit);
    lines out;
    for (const auto& what : events)
        out.push_back(words(what));
    co_return out;
}

asio::awaitable<event_log_state> state(subject s, std::string cursor = {})
{
    return s->event_log_of(s.queue(), std::move(cursor));
}

}  // namespace

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

CONTRACT_CASE("what happens to a job is told in order, from its adding to its completion")
{
    co_await keep(s, 100);
    co_await s.add("a");
    s.pass(5ms);
    const auto job = co_await s.claim_one();
    (void)co_await s->update_progress(claim_of(job), "50");
    s.pass(7ms);
    (void)co_await s.settle(s.completion(job));
    const auto log = co_await log_after(s, 0);
    CHECK(
        log ==
        lines{
            "1 added a: waiting at 0 (task)",
            "2 moved a: waiting -> active at 5",
            "3 progress a: active -> active (50)",
            "4 moved a: active -> completed at 12"
        }
    );
}

CONTRACT_CASE("a failure that is tried again is told as a move, the last one with its reason")
{
    co_await keep(s, 100);
    auto job = co_await s.add_active("a", {.attempts = 2});
    (void)co_await s.settle(s.failing(job, "once"));
    job = co_await s.claim_one();
    s.pass(3ms);
    (void)co_await s.settle(s.failing(job, "twice"));
    const auto log = co_await log_after(s, 2);
    CHECK(
        log ==
        lines{
            "3 moved a: active -> waiting",
            "4 moved a: waiting -> active at 0",
            "5 moved a: active -> failed at 3 (twice)"
        }
    );
}

CONTRACT_CASE("a job that is removed as it ends is reported twice: how it ended, and that it is gone")
{
    co_await keep(s, 100);
    const auto job = co_await s.add_active("a", {.on_completed = retention::remove_at_once()});
    (void)co_await s.settle(s.completion(job));
    const auto log = co_await log_after(s, 2);
    CHECK(log == lines{"3 moved a: active -> completed at 0", "4 removed a: completed -> completed"});
}

CONTRACT_CASE("delays are told: where they begin, change and end")
{
    co_await keep(s, 100);
    co_await s.add("a", {.delay = 10ms});
    (void)co_await s.change(job_id{"a"}, new_delay{.wait = 20ms});
    (void)co_await s.change(job_id{"a"}, new_priority{.priority = 3});
    (void)co_await s.promote(job_id{"a"});
    (void)co_await s.change(job_id{"a"}, new_delay{.wait = 1ms});
    s.pass(1ms);
    (void)co_await s.sweep();
    const auto log = co_await log_after(s, 0);
    CHECK(
        log ==
        lines{
            "1 added a: delayed at 0 (task)",
            "2 moved a: delayed -> delayed",
            "3 moved a: delayed -> waiting",
            "4 moved a: waiting -> delayed",
            "5 moved a: delayed -> waiting"
        }
    );
}

CONTRACT_CASE("a rescue, a release and a removal by hand are told")
{
    co_await keep(s, 100);
    auto job = co_await s.add_active("a");
    (void)co_await s.rescue(job);
    job = co_await s.claim_one();
    (void)co_await s.settle(s.release(job));
    (void)co_await s.remove(job_id{"a"});
    const auto log = co_await log_after(s, 2);
    CHECK(
        log ==
        lines{
            "3 moved a: active -> waiting",
            "4 moved a: waiting -> active at 0",
            "5 moved a: active -> waiting",
            "6 removed a: waiting -> waiting"
        }
    );
}

CONTRACT_CASE("what changes nothing is not told: a duplicate, a lost lock, the same progress, logs, data, limits")
{
    co_await keep(s, 100);
    const auto job = co_await s.add_active("a");
    (void)co_await s->update_progress(claim_of(job), "1");
    co_await s.add("a");
    (void)co_await s->update_progress(claim_of(job), "1");
    (void)co_await s->update_data(claim_of(job), "2");
    (void)co_await s->add_log(claim_of(job), {.at = s.now(), .text = "line"}, 10);
    (void)co_await s->set_paused(s.queue(), true);
    auto stranger = s.completion(job);
    stranger.job.token = "another";
    (void)co_await s.settle(stranger);
    const auto found = co_await state(s);
    CHECK(found.last == 3);
}

CONTRACT_CASE("what a retention removes is told")
{
    co_await keep(s, 100);
    const auto job = co_await s.add_active("a", {.on_completed = retention::keep_for(1s)});
    (void)co_await s.settle(s.completion(job));
    s.pass(1s);
    (void)co_await s.sweep();
    const auto log = co_await log_after(s, 3);
    CHECK(log == lines{"4 removed a: completed -> completed"});
}

CONTRACT_CASE("exactly so many events are kept as was said, the newest, and their numbers go on")
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
    CHECK(found == event_log_state{.events = 1, .last = 5});
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
    CHECK(off == event_log_state{.last = 2});
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
    CHECK(found == event_log_state{.last = 1});
    co_await s.add("b");
    const auto none = co_await log_after(s, 0);
    CHECK(none.empty());
}

CONTRACT_CASE(
    "each step of a deduplication is told: the owner, the job that is kept for its end, and the one it replaces"
)
{
    co_await keep(s, 100);
    const deduplication last{.id = "d", .how = deduplication::mode::keep_last};
    const auto owner = co_await s.add_active("a", {.dedup = last});
    co_await s.add("b", {.dedup = last});
    co_await s.add("c", {.dedup = last});
    (void)co_await s.settle(s.completion(owner));
    const auto log = co_await log_after(s, 2);
    CHECK(
        log ==
        lines{
            "3 added b: delayed at 0 (task)",
            "4 removed b: delayed -> delayed",
            "5 added c: delayed at 0 (task)",
            "6 moved a: active -> completed at 0",
            "7 moved c: delayed -> waiting"
        }
    );
}

CONTRACT_CASE("a job that is removed on one page with the owner that it was kept for was freed before")
{
    co_await keep(s, 100);
    const deduplication last{.id = "d", .how = deduplication::mode::keep_last};
    const auto job = co_await s.add_active("a", {.attempts = 2, .backoff = backoff::fixed(1s), .dedup = last});
    (void)co_await s.add("kept", {.dedup = last});
    (void)co_await s.settle(s.failing(job));
    const auto removed = co_await s.change_all({.state = job_state::delayed}, removal{});
    CHECK(removed.size() == 2);
    const auto log = co_await log_after(s, 4);
    CHECK(
        log ==
        lines{
            "5 removed a: delayed -> delayed", "6 moved kept: delayed -> waiting", "7 removed kept: waiting -> waiting"
        }
    );
}

TEST_SUITE_END();
