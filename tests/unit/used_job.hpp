#pragma once
#include <chrono>
#include <memory>

#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/new_year.hpp"
#include "support/print.hpp"

namespace cofila::test {

using namespace std::chrono_literals;

/// A job that has been through everything.
inline job_record job_in(job_state state, job_options options = {})
{
    auto job = domain::new_job(
        "a", "task", "{}", std::make_shared<const job_options>(domain::resolve(options, queue_options{})), new_year - 1h
    );
    job.state = state;
    job.attempts_started = 9;
    job.attempts_made = 2;
    job.stalled_count = 1;
    job.deferrals = 5;
    job.worker = "worker 1";
    if (state == job_state::delayed)
        job.run_at = new_year + 7s;
    if (state == job_state::active)
        job.locked_until = new_year + 30s;
    if (is_finished(state))
        job.finished_at = new_year - 1s;
    return job;
}

inline void check_counters(const transition& change, int attempts_made, int stalled_count, int deferrals)
{
    CHECK(change.attempts_made == attempts_made);
    CHECK(change.stalled_count == stalled_count);
    CHECK(change.deferrals == deferrals);
}

}  // namespace cofila::test
