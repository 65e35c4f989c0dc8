#include <cofila/error.hpp>

#include <chrono>
#include <limits>

#include "active_job.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/error_of.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using placement = transition::placement;

TEST_SUITE_BEGIN("transitions");

TEST_CASE("a new job waits, a delayed one waits for its time")
{
    const auto options = resolved({.priority = 5});
    const auto waiting = domain::new_job("a", "task", "[1]", options, new_year);
    CHECK(waiting.id == job_id{"a"});
    CHECK(waiting.name == "task");
    CHECK(waiting.data == "[1]");
    CHECK(waiting.options == options);
    CHECK(waiting.state == job_state::waiting);
    CHECK(waiting.priority == 5);
    CHECK(waiting.timestamp == new_year);
    CHECK(waiting.run_at == std::nullopt);

    const auto delayed = domain::new_job("a", "task", "{}", resolved({.delay = 1ms}), new_year);
    CHECK(delayed.state == job_state::delayed);
    CHECK(delayed.run_at == new_year + 1ms);

    const auto at_once = domain::new_job("a", "task", "{}", resolved({.delay = 0ms}), new_year);
    CHECK(at_once.state == job_state::waiting);
}

TEST_CASE("a delay may reach to the end of time and not past it")
{
    const auto last = domain::new_job("a", "task", "{}", resolved({.delay = time_point::max() - new_year}), new_year);
    CHECK(last.run_at == time_point::max());
    const auto past = error_of([] {
        domain::new_job("a", "task", "{}", resolved({.delay = time_point::max() - new_year + 1ms}), new_year);
    });
    CHECK(past.code == errc::invalid_argument);
    CHECK(past.field == "delay");
    const auto longest =
        error_of([] { domain::new_job("a", "task", "{}", resolved({.delay = milliseconds::max()}), new_year); });
    CHECK(longest.field == "delay");
}

TEST_CASE("a success completes the job")
{
    const auto change = domain::after_success(active_job({}), "42", new_year);
    CHECK(change.to == job_state::completed);
    CHECK(change.result == "42");
    CHECK(change.attempts_made == 3);
    CHECK(change.stalled_count == 1);
    CHECK(change.finished_at == new_year);
    CHECK(change.run_at == std::nullopt);
    CHECK_FALSE(change.failed_attempt.has_value());
    CHECK_FALSE(change.retries_exhausted);
    CHECK(change.place == placement::keep);
}

TEST_CASE("a stall leads back to waiting as often as the job allows, and then to the end")
{
    struct {
        const char* name;
        job_options options;
        job_state to;
        std::optional<time_point> run_at;
    } const cases[] = {
        {"never", {.max_stalled_count = 0}, job_state::failed, {}},
        {"once too often", {.max_stalled_count = 1}, job_state::failed, {}},
        {"once more", {.max_stalled_count = 2}, job_state::waiting, {}},
        {"attempts play no part", {.attempts = 1, .max_stalled_count = 2}, job_state::waiting, {}},
        {"backoff by the stalls",
         {.backoff = backoff::exponential(10s), .max_stalled_count = 2},
         job_state::delayed,
         new_year + 20s},
        {"backoff, but too often", {.backoff = backoff::exponential(10s), .max_stalled_count = 1}, job_state::failed, {}
        },
        {"ever so often", {.max_stalled_count = std::numeric_limits<int>::max() - 1}, job_state::waiting, {}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto change = domain::mark_as_stalled(active_job(c.options), new_year, 0);
        CHECK(change.to == c.to);
        CHECK(change.run_at == c.run_at);
        CHECK(change.place == placement::keep);
        CHECK(change.stalled_count == 2);
        CHECK(change.attempts_made == 2);
        CHECK_FALSE(change.failed_attempt.has_value());
        const bool ended = c.to == job_state::failed;
        CHECK(change.failed_reason == (ended ? "job stalled more than allowable limit" : ""));
        CHECK(change.finished_at == (ended ? std::optional{new_year} : std::nullopt));
    }
}

TEST_CASE("the jitter of a rescue is the one that was drawn")
{
    const backoff policy{.type = backoff::kind::fixed, .delay = 10s, .jitter = 1};
    const auto job = active_job({.backoff = policy, .max_stalled_count = 9});
    CHECK(domain::mark_as_stalled(job, new_year, 0.25).run_at == new_year + 7500ms);
    const auto at_once = domain::mark_as_stalled(job, new_year, 1);
    CHECK(at_once.to == job_state::waiting);
    CHECK(at_once.run_at == std::nullopt);
}

TEST_CASE("F45: a damaged job fails with the reason, and counts as nothing else")
{
    auto job = active_job({.on_failed = retention::keep_for(1h)});
    job.damage = "priority is -1";
    const auto change = domain::after_damage(job, new_year);
    CHECK(change.to == job_state::failed);
    CHECK(change.failed_reason == "the stored row of the job is damaged: priority is -1");
    CHECK(change.finished_at == new_year);
    CHECK(change.prune_at == new_year + 1h);
    CHECK(change.attempts_made == 2);
    CHECK(change.stalled_count == 1);
    CHECK_FALSE(change.failed_attempt);
}

TEST_CASE("a release changes no counter and keeps the place")
{
    const auto change = domain::after_release(active_job({.lifo = true, .backoff = backoff::fixed(1s)}));
    CHECK(change.to == job_state::waiting);
    CHECK(change.place == placement::keep);
    CHECK(change.run_at == std::nullopt);
    CHECK(change.attempts_made == 2);
    CHECK(change.stalled_count == 1);
    CHECK_FALSE(change.failed_attempt.has_value());
}

TEST_CASE("a retry starts the counts anew, unless the attempts are to be kept")
{
    auto job = active_job({.attempts = 2});
    job.state = job_state::failed;
    job.failed_reason = "boom";
    const auto anew = domain::after_retry(job, {});
    CHECK(anew.to == job_state::waiting);
    CHECK(anew.place == placement::tail);
    CHECK(anew.attempts_made == 0);
    CHECK(anew.stalled_count == 0);
    CHECK(anew.finished_at == std::nullopt);
    CHECK(anew.failed_reason == "");
    CHECK(anew.prune_at == std::nullopt);
    CHECK(anew.prune_count == std::nullopt);
    const auto kept = domain::after_retry(job, {.keep_attempts = true});
    CHECK(kept.attempts_made == 2);
    CHECK(kept.stalled_count == 0);
    const auto lifo = domain::after_retry(active_job({.lifo = true}), {});
    CHECK(lifo.place == placement::head);
}

TEST_CASE("the retention of the state that a job ends in goes with its transition")
{
    struct {
        const char* name;
        retention keep;
        bool remove;
        std::optional<time_point> prune_at;
        std::optional<std::int64_t> prune_count;
    } const cases[] = {
        {"all", retention::keep_all(), false, {}, {}},
        {"none", retention::remove_at_once(), true, {}, {}},
        {"by age", retention::keep_for(10s), false, new_year + 10s, {}},
        {"by no age", retention::keep_for(0s), false, new_year, {}},
        {"by count", retention::keep_last(3), false, {}, 3},
        {"by both", retention{.age = 1s, .count = 0}, false, new_year + 1s, 0},
        {"by the greatest age",
         retention::keep_for(seconds{10'000LL * 366 * 24 * 3600}),
         false,
         new_year + seconds{10'000LL * 366 * 24 * 3600},
         {}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const auto check = [&](const transition& change) {
            CHECK(change.remove == c.remove);
            CHECK(change.prune_at == c.prune_at);
            CHECK(change.prune_count == c.prune_count);
        };
        check(domain::after_success(
            active_job({.on_completed = c.keep, .on_failed = retention::keep_last(99)}), "", new_year
        ));
        const job_options on_failed{
            .attempts = 1, .on_completed = retention::keep_last(99), .on_failed = c.keep, .max_stalled_count = 0
        };
        check(domain::after_failure(active_job(on_failed), {}, new_year, 0));
        check(domain::mark_as_stalled(active_job(on_failed), new_year, 0));
    }
}

TEST_CASE("a job that goes on has no retention yet")
{
    const job_options options{.attempts = 9, .on_failed = retention::remove_at_once(), .max_stalled_count = 9};
    for (const auto& change :
         {domain::after_failure(active_job(options), {}, new_year, 0),
          domain::mark_as_stalled(active_job(options), new_year, 0),
          domain::after_release(active_job(options)),
          domain::after_retry(active_job(options), {})}) {
        CHECK_FALSE(change.remove);
        CHECK(change.prune_at == std::nullopt);
        CHECK(change.prune_count == std::nullopt);
    }
}

TEST_CASE("every transition says how many attempts the job keeps")
{
    const auto job = active_job({.keep_attempts = 7});
    CHECK(domain::after_failure(job, {}, new_year, 0).keep_attempts == 7);
    CHECK(domain::after_success(job, "", new_year).keep_attempts == 7);
}

TEST_CASE("every transition carries the last claim, which a finished job keeps")
{
    auto job = active_job({});
    job.processed_at = new_year - 1s;
    const transition all[] = {
        domain::after_success(job, "", new_year),
        domain::after_transactional_success(job, "", new_year),
        domain::after_failure(job, {}, new_year, 0),
        domain::after_deferral(job, delay_for{.wait = 1s}, new_year),
        domain::after_cancellation(job, "why", new_year),
        domain::after_expiry(job, new_year),
        domain::mark_as_stalled(job, new_year, 0),
        domain::after_damage(job, new_year),
        domain::after_release(job),
        domain::after_promotion(job),
        domain::after_retry(job, {}),
        *domain::after_change(job, cancellation{}, new_year),
        *domain::after_change(job, forced_removal{}, new_year)
    };
    for (const auto& change : all) {
        CHECK(change.attempts_started == 4);
        CHECK(change.processed_at == new_year - 1s);
        CHECK(change.worker == "worker 1");
    }
    const auto unstarted = domain::new_job("a", "task", "{}", resolved({}), new_year);
    const auto change = domain::after_expiry(unstarted, new_year);
    CHECK(change.attempts_started == 0);
    CHECK(change.processed_at == std::nullopt);
    CHECK(change.worker == "");
}

TEST_SUITE_END();
