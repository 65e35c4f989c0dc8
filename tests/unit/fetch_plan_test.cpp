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
        int claim;
        milliseconds wait;  // where it does not ask
    } const cases[] = {
        {"something may be there", {.concurrency = 4}, true, 4, {}},
        {"something may be there, some slots busy", {.concurrency = 4, .running = 3}, true, 1, {}},
        {"all slots busy", {.concurrency = 4, .running = 4}, false, 0, poll},
        {"more running than slots, after a change of concurrency", {.concurrency = 1, .running = 4}, false, 0, poll},
        {"nothing there", {.concurrency = 4, .maybe_work = false}, false, 0, poll},
        {"unsettled, all slots busy", {.concurrency = 1, .running = 1, .unsettled = true}, true, 0, {}},
        {"unsettled, nothing there: a claim rides along",
         {.concurrency = 2, .unsettled = true, .maybe_work = false},
         true,
         2,
         {}},
        {"unsettled and closing", {.concurrency = 2, .unsettled = true, .open = false}, true, 0, {}},
        {"closing", {.concurrency = 2, .open = false}, false, 0, poll},
        {"closing, a job is due", {.concurrency = 2, .open = false, .next_due = now}, false, 0, poll},
        {"a job is due now", {.maybe_work = false, .next_due = now}, true, 1, {}},
        {"a job was due", {.maybe_work = false, .next_due = now - 1h}, true, 1, {}},
        {"a job is due, all slots busy", {.running = 1, .maybe_work = false, .next_due = now}, false, 0, poll},
        {"a job is due in a millisecond", {.maybe_work = false, .next_due = now + 1ms}, false, 0, 1ms},
        {"a job is due just before the poll", {.maybe_work = false, .next_due = now + 4999ms}, false, 0, 4999ms},
        {"a job is due after the poll", {.maybe_work = false, .next_due = now + 1h}, false, 0, poll},
        {"a job is due at the end of time", {.maybe_work = false, .next_due = time_point::max()}, false, 0, poll},
        {"a job is due soon, but no slot is free for it",
         {.running = 1, .maybe_work = false, .next_due = now + 1ms},
         false,
         0,
         poll},
        {"no slots at all", {.concurrency = 0}, false, 0, poll},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        auto situation = c.situation;
        situation.now = now;
        situation.poll_interval = poll;
        const auto plan = domain::plan_fetch(situation);
        CHECK(plan.ask == c.ask);
        CHECK(plan.claim == c.claim);
        if (!c.ask)
            CHECK(plan.wait == c.wait);
    }
}

TEST_SUITE_END();
