#include <cofila/error.hpp>

#include <chrono>
#include <memory>
#include <optional>

#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/all_states.hpp"
#include "support/error_of.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"
#include "used_job.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("transitions: changes");

TEST_CASE("a job expires its time to live after its add, however long it is delayed")
{
    const auto options = [](job_options given) {
        return std::make_shared<const job_options>(domain::resolve(given, queue_options{}));
    };
    CHECK(domain::new_job("a", "task", "{}", options({}), new_year).expires_at == std::nullopt);
    CHECK(domain::new_job("a", "task", "{}", options({.ttl = 5s}), new_year).expires_at == new_year + 5s);
    CHECK(domain::new_job("a", "task", "{}", options({.delay = 1h, .ttl = 5s}), new_year).expires_at == new_year + 5s);
    const auto past =
        error_of([&] { domain::new_job("a", "task", "{}", options({.ttl = milliseconds::max()}), new_year); });
    CHECK(past.code == errc::invalid_argument);
    CHECK(past.field == "ttl");
}

TEST_CASE("only a job that waits, was never started and whose time is over has expired")
{
    for (const auto state : all_states) {
        auto job = job_in(state);
        job.attempts_started = 0;
        job.expires_at = new_year;
        CHECK(domain::has_expired(job, new_year) == (state == job_state::waiting || state == job_state::delayed));
    }
    auto job = job_in(job_state::waiting);
    job.expires_at = new_year;
    CHECK_FALSE(domain::has_expired(job, new_year));  // it was started
    job.attempts_started = 0;
    CHECK_FALSE(domain::has_expired(job, new_year - 1ms));
    job.expires_at.reset();
    CHECK_FALSE(domain::has_expired(job, new_year));
}

TEST_CASE("an expired job fails, and may start at any time when it is retried")
{
    const auto change =
        domain::after_expiry(job_in(job_state::delayed, {.on_failed = retention::keep_last(3)}), new_year);
    CHECK(change.to == job_state::failed);
    CHECK(change.failed_reason == "expired");
    CHECK(change.finished_at == new_year);
    CHECK(change.run_at == std::nullopt);
    CHECK(change.forget_expiry);
    CHECK(change.prune_count == 3);
    CHECK_FALSE(change.failed_attempt.has_value());
    check_counters(change, 2, 1, 5);
    CHECK(domain::after_retry(job_in(job_state::failed), {}).forget_expiry);
}

TEST_CASE("a job that is damaged or has expired is unfit to run, and says how it ends")
{
    auto job = job_in(job_state::waiting);
    job.attempts_started = 0;
    CHECK_FALSE(domain::unfit(job, new_year));
    job.expires_at = new_year;
    CHECK_FALSE(domain::unfit(job, new_year - 1ms));
    CHECK(domain::unfit(job, new_year)->failed_reason == domain::expired_reason);
    job.damage = "no options";
    for (const auto now : {new_year - 1ms, new_year}) {
        const auto end = domain::unfit(job, now);
        REQUIRE(end);
        CHECK(end->to == job_state::failed);
        CHECK(end->failed_reason != domain::expired_reason);
    }
}

TEST_SUITE_END();
