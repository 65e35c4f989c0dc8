#pragma once
#include <chrono>
#include <memory>

#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "support/new_year.hpp"

namespace cofila::test {

using namespace std::chrono_literals;

inline std::shared_ptr<const job_options> resolved(job_options options)
{
    return std::make_shared<const job_options>(domain::resolve(options, queue_options{}));
}

/// An active job in its third attempt, rescued once.
inline job_record active_job(job_options options)
{
    auto job = domain::new_job("a", "task", "{}", resolved(std::move(options)), new_year - 1h);
    job.state = job_state::active;
    job.attempts_started = 4;
    job.attempts_made = 2;
    job.stalled_count = 1;
    job.token = "0123";
    job.locked_until = new_year + 30s;
    job.worker = "worker 1";
    return job;
}

}  // namespace cofila::test
