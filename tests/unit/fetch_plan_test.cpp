#include <chrono>
#include <optional>

#include "domain/fetch_plan.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace std::chrono_literals;
using domain::fetch_situation;

TEST_SUITE_BEGIN("fetch_plan");

TEST_CASE("what a worker does next")
{
    static constexpr time_point now = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
    static constexpr auto poll = 5000ms;
    struct {
        const char* name;
        fetch_situation situation;
        bool ask;
        int settle;
        int claim;
        milliseconds wait;  // where it does not ask
    } const cases[] = {
        {"something may be there", {.concurrency = 4}, true, 0, 4, {}},
        {"something may be there, some slots busy", {.concurrency = 4, .taken = 3}, true, 0, 1, {}},
        {"all slots busy", {.concurrency = 4, .taken = 4}, false, 0, 0, poll},
        {"more running than slots, after a change of concurrency", {.concurrency = 1, .taken = 4}, false, 0, 0, poll},
        {"all slots busy, but jobs may be claimed ahead", {.prefetch = 3, .taken = 1}, true, 0, 3, {}},
        {"nothing there", {.concurrency = 4, .maybe_work = false}, false, 0, 0, poll},
        {"unsettled, all slots busy", {.taken = 1, .unsettled = 1}, true, 1, 0, {}},
        {"unsettled, nothing there: a claim rides along",
         {.concurrency = 2, .unsettled = 1, .maybe_work = false},
         true,
         1,
         2,
         {}},
        {"unsettled and closing", {.concurrency = 2, .unsettled = 2, .open = false}, true, 2, 0, {}},
        {"closing", {.concurrency = 2, .open = false}, false, 0, 0, poll},
        {"closing, a job is due", {.concurrency = 2, .open = false, .next_due = now}, false, 0, 0, poll},
        {"a job is due now", {.maybe_work = false, .next_due = now}, true, 0, 1, {}},
        {"a job was due", {.maybe_work = false, .next_due = now - 1h}, true, 0, 1, {}},
        {"a job is due, all slots busy", {.taken = 1, .maybe_work = false, .next_due = now}, false, 0, 0, poll},
        {"a job is due in a millisecond", {.maybe_work = false, .next_due = now + 1ms}, false, 0, 0, 1ms},
        {"a job is due just before the poll", {.maybe_work = false, .next_due = now + 4999ms}, false, 0, 0, 4999ms},
        {"a job is due after the poll", {.maybe_work = false, .next_due = now + 1h}, false, 0, 0, poll},
        {"a job is due at the end of time", {.maybe_work = false, .next_due = time_point::max()}, false, 0, 0, poll},
        {"a job is due soon, but no slot is free for it",
         {.taken = 1, .maybe_work = false, .next_due = now + 1ms},
         false,
         0,
         0,
         poll},
        {"no slots at all", {.concurrency = 0}, false, 0, 0, poll},
        {"a question is under way", {.concurrency = 4, .unsettled = 2, .asking = 1}, false, 0, 0, poll},
        {"many slots are claimed in two shares", {.concurrency = 100}, true, 0, 50, {}},
        {"the second share while the first is asked for",
         {.concurrency = 100, .taken = 50, .asking = 1},
         true,
         0,
         50,
         {}},
        {"many ended ones go in two shares too",
         {.concurrency = 100, .unsettled = 80, .maybe_work = false},
         true,
         50,
         50,
         {}},
        {"the second share is worth a commit",
         {.concurrency = 100, .taken = 75, .unsettled = 25, .asking = 1},
         true,
         25,
         25,
         {}},
        {"the second share is not worth a commit yet",
         {.concurrency = 100, .taken = 76, .unsettled = 24, .asking = 1},
         false,
         0,
         0,
         poll},
        {"never more than two questions", {.concurrency = 100, .unsettled = 50, .asking = 2}, false, 0, 0, poll},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        auto situation = c.situation;
        situation.now = now;
        situation.poll_interval = poll;
        const auto plan = domain::plan_fetch(situation);
        CHECK(plan.ask == c.ask);
        CHECK(plan.settle == c.settle);
        CHECK(plan.claim == c.claim);
        if (!c.ask)
            CHECK(plan.wait == c.wait);
    }
}

TEST_CASE("with a small concurrency the worker waits for the answer, with a large one it goes on")
{
    CHECK_FALSE(domain::plan_fetch({.concurrency = 49}).go_on);
    CHECK(domain::plan_fetch({.concurrency = 50}).go_on);
    CHECK(domain::plan_fetch({.concurrency = 1, .prefetch = 49}).go_on);
}

TEST_CASE("a plan says whether there is room for more than it asks for")
{
    CHECK(domain::plan_fetch({.concurrency = 100}).more);
    CHECK_FALSE(domain::plan_fetch({.concurrency = 100, .taken = 50}).more);
    CHECK_FALSE(domain::plan_fetch({.concurrency = 4}).more);
    // Nothing is known to wait: a claim only rides along.
    CHECK_FALSE(domain::plan_fetch({.concurrency = 100, .unsettled = 1, .maybe_work = false}).more);
}

TEST_CASE("when to look again after a claim that came back short")
{
    static constexpr time_point now = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
    struct {
        const char* name;
        std::optional<time_point> first_due;
        std::optional<time_point> until;
        bool waiting;
        std::optional<time_point> next;
    } const cases[] = {
        {"nothing is there", {}, {}, false, {}},
        {"a job is due later", now + 5s, {}, false, now + 5s},
        {"jobs wait, but the queue does not rest: it is paused", {}, {}, true, {}},
        {"the rest is over", now + 5s, now, true, now + 5s},
        {"the rest was over long ago", {}, now - 1h, true, {}},
        {"jobs wait for the end of the rest", {}, now + 1ms, true, now + 1ms},
        {"jobs wait for the end of the rest, another is due before", now + 1s, now + 5s, true, now + 5s},
        {"jobs wait for the end of the rest, another is due after", now + 9s, now + 5s, true, now + 5s},
        {"the queue rests, nothing waits", {}, now + 5s, false, {}},
        {"a job is due while the queue rests", now + 1s, now + 5s, false, now + 5s},
        {"a job is due after the queue has rested", now + 9s, now + 5s, false, now + 9s},
        {"a job was due before the queue has rested", now - 1s, now + 5s, false, now + 5s},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::next_look(c.first_due, c.until, {}, c.waiting, now) == c.next);
    }
}

TEST_CASE("when to look again after a claim that a rate made short")
{
    static constexpr time_point now = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
    struct {
        const char* name;
        std::optional<time_point> first_due;
        std::optional<time_point> until;
        bool waiting;
        std::optional<time_point> next;
    } const cases[] = {
        {"jobs wait for the rate", {}, {}, true, now + 3s},
        {"nothing waits", {}, {}, false, {}},
        {"nothing waits, a job is due later", now + 1s, {}, false, now + 1s},
        {"a job is due before", now + 1s, {}, true, now + 1s},
        {"a job is due after", now + 9s, {}, true, now + 3s},
        {"the queue rests longer", {}, now + 5s, true, now + 5s},
        {"the rest is over", {}, now, true, now + 3s},
        {"a job is kept for the end of another", time_point::max(), {}, true, now + 3s},
        {"a job is kept, nothing waits", time_point::max(), {}, false, {}},
        {"a job is kept while the queue rests", time_point::max(), now + 5s, false, {}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        CHECK(domain::next_look(c.first_due, c.until, now + 3s, c.waiting, now) == c.next);
    }
}

TEST_SUITE_END();
