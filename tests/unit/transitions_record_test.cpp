// What a transition and a claim do to the record.
#include <chrono>

#include "active_job.hpp"
#include "domain/transitions.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using placement = transition::placement;

TEST_SUITE_BEGIN("transitions");

TEST_CASE("a transition is carried out on a record")
{
    auto job = active_job({});
    job.position = 5;
    job.progress = "1";
    job.processed_at = new_year - 1s;
    const transition change{
        .to = job_state::failed,
        .place = placement::head,
        .attempts_made = 8,
        .stalled_count = 9,
        .run_at = new_year + 1s,
        .finished_at = new_year,
        .result = "r",
        .failed_reason = "f"
    };
    domain::apply(job, change);
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 8);
    CHECK(job.stalled_count == 9);
    CHECK(job.run_at == new_year + 1s);
    CHECK(job.finished_at == new_year);
    CHECK(job.result == "r");
    CHECK(job.failed_reason == "f");
    CHECK(job.locked_until == std::nullopt);
    // These are the repository's, or the last claim's.
    CHECK(job.position == 5);
    CHECK(job.attempts.empty());
    CHECK(job.attempts_started == 4);
    CHECK(job.token == "0123");
    CHECK(job.worker == "worker 1");
    CHECK(job.processed_at == new_year - 1s);
    CHECK(job.progress == "1");
}

TEST_CASE("a transition clears what an earlier end left on the record")
{
    auto job = active_job({});
    domain::apply(job, domain::after_success(job, "42", new_year));
    domain::apply(job, domain::after_retry(job, {}));
    CHECK(job.state == job_state::waiting);
    CHECK(job.result == "");
    CHECK(job.finished_at == std::nullopt);
}

TEST_CASE("a claim is carried out on a record")
{
    auto job = domain::new_job("a", "task", "{}", resolved({}), new_year - 1h);
    domain::lock(job, {.high = 1, .low = 2}, "worker 2", 30s, new_year);
    CHECK(job.state == job_state::active);
    CHECK(job.attempts_started == 1);
    CHECK(job.attempts_made == 0);
    CHECK(job.token == "00000000000000010000000000000002");
    CHECK(job.locked_until == new_year + 30s);
    CHECK(job.lock_duration == 30s);
    CHECK(job.processed_at == new_year);
    CHECK(job.worker == "worker 2");
}

TEST_SUITE_END();
