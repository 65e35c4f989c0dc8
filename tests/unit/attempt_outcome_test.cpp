#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "domain/attempt_outcome.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using domain::cancel_reason;

TEST_SUITE_BEGIN("attempt_outcome");

namespace {

job_record active_job()
{
    const auto options = std::make_shared<const job_options>(domain::resolve({.attempts = 2}, {}));
    auto job = domain::new_job("a", "task", "{}", options, new_year);
    domain::lock(job, {.high = 0, .low = 1}, "w", std::chrono::seconds{30}, new_year);
    return job;
}

const domain::attempt_outcome all_outcomes[] = {
    {.result = "42"},
    {.put_off = delay_for{}},
    {.error = {.message = "boom"}},
    {.error = {.message = "never", .unrecoverable = true}},
    {.error = {.message = "Operation canceled"}, .aborted = true},
    {},
};

}  // namespace

TEST_CASE("who asked a processor to end decides what its end means")
{
    const auto job = active_job();
    const domain::attempt_outcome returned{.result = "42"};
    const domain::attempt_outcome threw{.error = {.message = "boom"}};
    const domain::attempt_outcome aborted{.error = {.message = "Operation canceled"}, .aborted = true};
    const domain::attempt_outcome unrecoverable{.error = {.message = "never", .unrecoverable = true}};
    const domain::attempt_outcome put_off{.put_off = delay_for{.wait = std::chrono::seconds{1}}};
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
        {"put off", put_off, cancel_reason::none, job_state::delayed, 0},
        {"put off while closing", put_off, cancel_reason::closing, job_state::delayed, 0},
        {"put off without the lock", put_off, cancel_reason::lock_lost, {}, 0},
        {"threw after its time", threw, cancel_reason::timed_out, job_state::waiting, 1},
        {"unrecoverable after its time", unrecoverable, cancel_reason::timed_out, job_state::failed, 1},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto change = domain::after_attempt(job, c.outcome, c.cancelled, "", new_year, {});
        CHECK(change.has_value() == c.to.has_value());
        if (!change || !c.to)
            continue;
        CHECK(change->to == *c.to);
        CHECK(change->attempts_made == c.attempts_made);
        CHECK(change->failed_attempt.has_value() == (c.attempts_made == 1 && !c.outcome.result));
        CHECK(change->deferrals == (c.outcome.put_off ? 1 : 0));
        CHECK(change->result == c.outcome.result.value_or(""));
    }
}

TEST_CASE("a job that somebody cancelled fails with the reason, whatever its processor did")
{
    for (const auto& outcome : all_outcomes) {
        const auto change = domain::after_attempt(active_job(), outcome, cancel_reason::cancelled, "why", new_year, {});
        REQUIRE(change);
        CHECK(change->to == job_state::failed);
        CHECK(change->failed_reason == "cancelled: why");
        CHECK(change->result == "");
        CHECK(change->attempts_made == 1);
        CHECK(change->deferrals == 0);
        CHECK_FALSE(change->retries_exhausted);
        CHECK_FALSE(domain::is_failure(outcome, cancel_reason::cancelled));
    }
}

TEST_CASE("after its time an attempt counts as a failure that says so, whatever its processor did")
{
    for (const auto& outcome : all_outcomes) {
        const auto ended =
            domain::counted(outcome, cancel_reason::timed_out, {.timeout = std::chrono::milliseconds{1500}});
        CHECK_FALSE(ended.result);
        CHECK_FALSE(ended.put_off);
        CHECK_FALSE(ended.aborted);
        CHECK(ended.error.message == "timed out after 1500 ms");
        CHECK(ended.error.type == "cofila::timed_out");
        CHECK_FALSE(ended.error.unrecoverable);
        CHECK(domain::is_failure(ended, cancel_reason::timed_out));
    }
}

TEST_CASE("for any other reason, or none, an attempt counts as what it is")
{
    for (const auto reason :
         {cancel_reason::none, cancel_reason::closing, cancel_reason::cancelled, cancel_reason::lock_lost})
        for (const auto& outcome : all_outcomes) {
            const auto ended = domain::counted(outcome, reason, {.timeout = std::chrono::milliseconds{1500}});
            CHECK(ended.result == outcome.result);
            CHECK(ended.put_off.has_value() == outcome.put_off.has_value());
            CHECK(ended.aborted == outcome.aborted);
            CHECK(ended.error == outcome.error);
        }
}

TEST_CASE("an attempt is a failure that may be tried again where nobody wanted it to end otherwise")
{
    const domain::attempt_outcome threw{.error = {.message = "boom"}};
    const domain::attempt_outcome aborted{.aborted = true};
    CHECK(domain::is_failure(threw, cancel_reason::none));
    CHECK(domain::is_failure(threw, cancel_reason::closing));
    CHECK(domain::is_failure(aborted, cancel_reason::none));
    CHECK_FALSE(domain::is_failure(aborted, cancel_reason::closing));
    CHECK_FALSE(domain::is_failure(threw, cancel_reason::lock_lost));
    CHECK_FALSE(domain::is_failure({.result = "1"}, cancel_reason::none));
    CHECK_FALSE(domain::is_failure({.put_off = delay_for{}}, cancel_reason::none));
}

TEST_CASE("the graver of two reasons is the greater")
{
    CHECK(cancel_reason::none < cancel_reason::closing);
    CHECK(cancel_reason::closing < cancel_reason::timed_out);
    CHECK(cancel_reason::timed_out < cancel_reason::cancelled);
    CHECK(cancel_reason::cancelled < cancel_reason::lock_lost);
}

TEST_SUITE_END();
