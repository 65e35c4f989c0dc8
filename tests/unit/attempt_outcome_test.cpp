#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "domain/attempt_outcome.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/print.hpp"

using namespace cofila;
using domain::cancel_reason;

TEST_SUITE_BEGIN("attempt_outcome");

TEST_CASE("who asked a processor to end decides what its end means")
{
    static constexpr time_point now = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
    const auto options = std::make_shared<const job_options>(domain::resolve({.attempts = 2}, {}));
    auto job = domain::new_job("a", "task", "{}", options, now);
    domain::lock(job, {.high = 0, .low = 1}, "w", std::chrono::seconds{30}, now);

    const domain::attempt_outcome returned{.result = "42"};
    const domain::attempt_outcome threw{.error = {.message = "boom"}};
    const domain::attempt_outcome aborted{.error = {.message = "Operation canceled"}, .aborted = true};
    const domain::attempt_outcome unrecoverable{.error = {.message = "never", .unrecoverable = true}};
    struct {
        const char* name;
        domain::attempt_outcome outcome;
        cancel_reason cancelled;
        std::optional<job_state> to;
        int attempts_made;
    } const cases[] = {
        {"returned", returned, cancel_reason::none, job_state::completed, 1},
        {"returned while closing", returned, cancel_reason::closing, job_state::completed, 1},
        {"returned without the lock", returned, cancel_reason::lock_lost, {}, 0},
        {"threw", threw, cancel_reason::none, job_state::waiting, 1},
        {"threw while closing", threw, cancel_reason::closing, job_state::waiting, 1},
        {"threw without the lock", threw, cancel_reason::lock_lost, {}, 0},
        {"aborted unasked: a failure like any other", aborted, cancel_reason::none, job_state::waiting, 1},
        {"aborted while closing: released", aborted, cancel_reason::closing, job_state::waiting, 0},
        {"aborted without the lock", aborted, cancel_reason::lock_lost, {}, 0},
        {"unrecoverable", unrecoverable, cancel_reason::none, job_state::failed, 1},
        {"unrecoverable while closing", unrecoverable, cancel_reason::closing, job_state::failed, 1},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto change = domain::after_attempt(job, c.outcome, c.cancelled, now, 0);
        CHECK(change.has_value() == c.to.has_value());
        if (!change || !c.to)
            continue;
        CHECK(change->to == *c.to);
        CHECK(change->attempts_made == c.attempts_made);
        CHECK(change->failed_attempt.has_value() == (c.attempts_made == 1 && !c.outcome.result));
        CHECK(change->result == c.outcome.result.value_or(""));
    }
}

TEST_SUITE_END();
