#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "domain/attempt_outcome.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("attempt_outcome");

namespace {

job_record active_job()
{
    const auto options = std::make_shared<const job_options>(domain::resolve({.attempts = 2}, {}));
    auto job = domain::new_job("a", "task", "{}", options, new_year);
    domain::lock(job, {.high = 0, .low = 1}, "w", std::chrono::seconds{30}, new_year);
    return job;
}

const cancel_reason all_reasons[] = {
    cancel_reason::none,
    cancel_reason::shutdown,
    cancel_reason::timed_out,
    cancel_reason::cancelled,
    cancel_reason::lock_lost,
};

const domain::attempt_outcome all_outcomes[] = {
    {.result = "42"},
    {.put_off = delay_for{}},
    {.error = {.message = "boom"}},
    {.error = {.message = "never", .unrecoverable = true}},
    {},
};

}  // namespace

TEST_CASE("who asked a processor to end decides what its end means")
{
    const auto job = active_job();
    const domain::attempt_outcome returned{.result = "42"};
    const domain::attempt_outcome threw{.error = {.message = "boom"}};
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
        {"returned at a shutdown", returned, cancel_reason::shutdown, job_state::completed, 1},
        {"returned without the lock", returned, cancel_reason::lock_lost, {}, 0},
        {"threw", threw, cancel_reason::none, job_state::waiting, 1},
        {"threw at a shutdown: released", threw, cancel_reason::shutdown, job_state::waiting, 0},
        {"threw something empty at a shutdown", {}, cancel_reason::shutdown, job_state::waiting, 0},
        {"threw without the lock", threw, cancel_reason::lock_lost, {}, 0},
        {"unrecoverable", unrecoverable, cancel_reason::none, job_state::failed, 1},
        {"unrecoverable at a shutdown: released", unrecoverable, cancel_reason::shutdown, job_state::waiting, 0},
        {"put off", put_off, cancel_reason::none, job_state::delayed, 0},
        {"put off at a shutdown", put_off, cancel_reason::shutdown, job_state::delayed, 0},
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
        CHECK(ended.error.message == "timed out after 1500 ms");
        CHECK(ended.error.type == "cofila::timed_out");
        CHECK_FALSE(ended.error.unrecoverable);
        CHECK(domain::is_failure(ended, cancel_reason::timed_out));
    }
}

TEST_CASE("for any other reason, or none, an attempt counts as what it is")
{
    for (const auto reason :
         {cancel_reason::none, cancel_reason::shutdown, cancel_reason::cancelled, cancel_reason::lock_lost})
        for (const auto& outcome : all_outcomes) {
            const auto ended = domain::counted(outcome, reason, {.timeout = std::chrono::milliseconds{1500}});
            CHECK(ended.result == outcome.result);
            CHECK(ended.put_off.has_value() == outcome.put_off.has_value());
            CHECK(ended.error == outcome.error);
        }
}

TEST_CASE("what is thrown is a failure where nobody asked or the time was over, and a release at a shutdown")
{
    for (const auto reason : all_reasons)
        for (const auto& outcome : all_outcomes) {
            const bool threw = !outcome.result && !outcome.put_off;
            const bool counts = reason == cancel_reason::none || reason == cancel_reason::timed_out;
            CHECK(domain::is_failure(outcome, reason) == (threw && counts));
            CHECK(domain::is_release(outcome, reason) == (threw && reason == cancel_reason::shutdown));
        }
}

TEST_CASE(
    "a lost lock outweighs a cancellation, that outweighs the rest, and of a time-out and a shutdown the first stands"
)
{
    using enum cancel_reason;
    const std::pair<cancel_reason, cancel_reason> replaced[] = {
        {none, shutdown},
        {none, timed_out},
        {none, cancelled},
        {none, lock_lost},
        {shutdown, cancelled},
        {shutdown, lock_lost},
        {timed_out, cancelled},
        {timed_out, lock_lost},
        {cancelled, lock_lost},
    };
    for (const auto standing : all_reasons)
        for (const auto next : all_reasons)
            if (next != none)
                CHECK(
                    domain::outweighs(next, standing) ==
                    (std::ranges::find(replaced, std::pair{standing, next}) != std::end(replaced))
                );
}

TEST_SUITE_END();
