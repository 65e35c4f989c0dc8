// What becomes of a job whose attempt failed.
#include <chrono>
#include <string>

#include "active_job.hpp"
#include "domain/text.hpp"
#include "domain/transitions.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using placement = transition::placement;

TEST_SUITE_BEGIN("transitions");

TEST_CASE("a failure leads to another attempt while there are attempts left, else to the end")
{
    struct {
        const char* name;
        job_options options;
        bool unrecoverable;
        job_state to;
        std::optional<time_point> run_at;
        placement place;
        bool exhausted;
    } const cases[] = {
        {"attempts left, no backoff", {.attempts = 4}, false, job_state::waiting, {}, placement::tail, false},
        {"attempts left, lifo", {.lifo = true, .attempts = 4}, false, job_state::waiting, {}, placement::head, false},
        {"attempts left, backoff",
         {.attempts = 4, .backoff = backoff::fixed(10s)},
         false,
         job_state::delayed,
         new_year + 10s,
         placement::tail,
         false},
        {"backoff counts the failed attempt",
         {.attempts = 4, .backoff = backoff::exponential(10s)},
         false,
         job_state::delayed,
         new_year + 40s,
         placement::tail,
         false},
        {"backoff of nothing",
         {.attempts = 4, .backoff = backoff::fixed(0ms)},
         false,
         job_state::waiting,
         {},
         placement::tail,
         false},
        {"the last attempt",
         {.attempts = 3, .backoff = backoff::fixed(10s)},
         false,
         job_state::failed,
         {},
         placement::keep,
         true},
        {"more made than allowed", {.attempts = 1}, false, job_state::failed, {}, placement::keep, true},
        {"unrecoverable, attempts left", {.attempts = 4}, true, job_state::failed, {}, placement::keep, false},
        {"unrecoverable, the last attempt", {.attempts = 3}, true, job_state::failed, {}, placement::keep, false},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        const failure why{.message = "boom", .type = "t", .detail = "d", .unrecoverable = c.unrecoverable};
        const auto change = domain::after_failure(active_job(c.options), why, new_year, 0);
        CHECK(change.to == c.to);
        CHECK(change.run_at == c.run_at);
        CHECK(change.place == c.place);
        CHECK(change.retries_exhausted == c.exhausted);
        CHECK(change.attempts_made == 3);
        CHECK(change.stalled_count == 1);
        CHECK(change.result == "");
        const bool ended = c.to == job_state::failed;
        CHECK(change.failed_reason == "boom");
        CHECK(change.finished_at == (ended ? std::optional{new_year} : std::nullopt));
        const attempt expected{.number = 3, .error = why, .at = new_year, .worker = "worker 1"};
        CHECK(change.failed_attempt == expected);
    }
}

TEST_CASE("the jitter of a retry is the one that was drawn")
{
    const backoff policy{.type = backoff::kind::fixed, .delay = 10s, .jitter = 0.5};
    const auto job = active_job({.attempts = 4, .backoff = policy});
    CHECK(domain::after_failure(job, {}, new_year, 0).run_at == new_year + 10s);
    CHECK(domain::after_failure(job, {}, new_year, 1).run_at == new_year + 5s);
}

TEST_CASE("a backoff past the end of time is the end of time")
{
    const backoff policy{.type = backoff::kind::fixed, .delay = milliseconds::max(), .max = milliseconds::max()};
    const auto job = active_job({.attempts = 4, .backoff = policy});
    CHECK(domain::after_failure(job, {}, new_year, 0).run_at == time_point::max());
    CHECK(
        domain::mark_as_stalled(active_job({.backoff = policy, .max_stalled_count = 5}), new_year, 0).run_at ==
        time_point::max()
    );
}

TEST_CASE("the texts of a failure are made storable")
{
    const failure why{
        .message = "broken \xFF",
        .type = std::string(domain::text_limit + 1, 't'),
        .detail = std::string(domain::text_limit + 1, 'd')
    };
    const auto change = domain::after_failure(active_job({}), why, new_year, 0);
    CHECK(change.failed_reason == "broken \xEF\xBF\xBD");
    REQUIRE(change.failed_attempt.has_value());
    CHECK(change.failed_attempt->error.message == "broken \xEF\xBF\xBD");
    CHECK(change.failed_attempt->error.type.size() <= domain::text_limit);
    CHECK(change.failed_attempt->error.detail.size() <= domain::text_limit);
}

TEST_CASE("why the last attempt failed stays with a job until it ends or is let run again")
{
    auto job = active_job({.attempts = 9, .max_stalled_count = 5});
    job.failed_reason = "boom";
    CHECK(domain::after_release(job).failed_reason == "boom");
    CHECK(domain::after_promotion(job).failed_reason == "boom");
    CHECK(domain::after_deferral(job, delay_for{.wait = 1s}, new_year).failed_reason == "boom");
    CHECK(domain::mark_as_stalled(job, new_year, 0).failed_reason == "boom");
    CHECK(domain::after_failure(job, failure{.message = "bang"}, new_year, 0).failed_reason == "bang");
    CHECK(domain::after_success(job, "1", new_year).failed_reason == "");
}

TEST_SUITE_END();
