#include <chrono>
#include <optional>
#include <string>

#include "domain/transitions.hpp"
#include "support/all_states.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"
#include "used_job.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("transitions: changes");

TEST_CASE("a cancelled job fails; its attempt is counted where one ran")
{
    for (const auto state : {job_state::waiting, job_state::delayed, job_state::active}) {
        const auto change = domain::after_cancellation(job_in(state), "no more", new_year);
        CHECK(change.to == job_state::failed);
        CHECK(change.failed_reason == "cancelled: no more");
        CHECK(change.finished_at == new_year);
        CHECK(change.run_at == std::nullopt);
        CHECK_FALSE(change.retries_exhausted);
        const bool ran = state == job_state::active;
        check_counters(change, ran ? 3 : 2, 1, 5);
        REQUIRE(change.failed_attempt.has_value() == ran);
        if (!ran)
            continue;
        CHECK(change.failed_attempt->number == 3);
        CHECK(change.failed_attempt->error.message == "cancelled: no more");
        CHECK(change.failed_attempt->error.type == "cofila::cancelled");
        CHECK(change.failed_attempt->error.unrecoverable);
        CHECK(change.failed_attempt->at == new_year);
        CHECK(change.failed_attempt->worker == "worker 1");
    }
}

TEST_CASE("a job that was cancelled meanwhile does not run again, but may end by itself")
{
    auto job = job_in(job_state::active, {.attempts = 9});
    const auto again = domain::after_failure(job, {.message = "boom"}, new_year, 0);
    CHECK(domain::unless_cancelled(job, again, new_year).to == job_state::waiting);
    job.cancelled = "no more";
    const transition changes[] = {
        again, domain::after_release(job), domain::after_deferral(job, rate_limited{.wait = 5s}, new_year)
    };
    for (const auto& change : changes) {
        const auto instead = domain::unless_cancelled(job, change, new_year + 1s);
        CHECK(instead.to == job_state::failed);
        CHECK(instead.failed_reason == "cancelled: no more");
        CHECK(instead.finished_at == new_year + 1s);
        CHECK(instead.queue_rests_until == std::nullopt);
        check_counters(instead, 3, 1, 5);
    }
    CHECK(domain::unless_cancelled(job, domain::after_success(job, "42", new_year), new_year).result == "42");
    const auto last = domain::after_failure(job, {.message = "boom", .unrecoverable = true}, new_year, 0);
    CHECK(domain::unless_cancelled(job, last, new_year).failed_reason == "boom");
}

TEST_CASE("a verdict: the token holds the lock, has ended the attempt before, or has lost it")
{
    const transition completed{.to = job_state::completed};
    const transition again{.to = job_state::waiting};
    CHECK(domain::verdict(nullptr, "t", {}) == settled::lost);
    for (const auto state : all_states) {
        INFO(to_string(state));
        auto job = job_in(state);
        CHECK(domain::verdict(&job, "", completed) == settled::lost);
        CHECK(domain::verdict(&job, "another", completed) == settled::lost);
        job.token = "t";
        const bool active = state == job_state::active;
        CHECK(domain::verdict(&job, "t", completed) == (active ? settled::accepted : settled::already));
        job.cancelled = "no more";
        CHECK(domain::verdict(&job, "t", completed) == (active ? settled::accepted : settled::already));
        CHECK(domain::verdict(&job, "t", again) == (active ? settled::cancelled : settled::already));
    }
    auto without_token = job_in(job_state::active);
    without_token.token.clear();
    CHECK(domain::verdict(&without_token, "", {}) == settled::lost);
}

TEST_CASE("a job was completed elsewhere if its own token reports another end")
{
    for (const auto state : all_states) {
        INFO(to_string(state));
        auto job = job_in(state);
        job.token = "t";
        const transition failed{.to = job_state::failed};
        CHECK(domain::was_completed_elsewhere(job, "t", failed) == (state == job_state::completed));
        CHECK_FALSE(domain::was_completed_elsewhere(job, "another", failed));
        CHECK_FALSE(domain::was_completed_elsewhere(job, "t", {.to = job_state::completed}));
    }
}

TEST_CASE("a cancelled job whose lock ran out has ended, however often it may stall")
{
    auto job = job_in(job_state::active, {.backoff = backoff::fixed(1h), .max_stalled_count = 9});
    job.cancelled = "no more";
    const auto change = domain::mark_as_stalled(job, new_year, 0);
    CHECK(change.to == job_state::failed);
    CHECK(change.failed_reason == "cancelled: no more");
    CHECK(change.run_at == std::nullopt);
    check_counters(change, 3, 2, 5);
}

TEST_SUITE_END();
