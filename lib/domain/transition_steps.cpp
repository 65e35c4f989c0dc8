#include "domain/transition_steps.hpp"

namespace cofila::domain {

transition move_to(const job_record& job, job_state to)
{
    return {
        .to = to,
        .attempts_made = job.attempts_made,
        .stalled_count = job.stalled_count,
        .deferrals = job.deferrals,
        .attempts_started = job.attempts_started,
        .processed_at = job.processed_at,
        .worker = job.worker,
        .failed_reason = is_finished(to) ? std::string{} : job.failed_reason,
        .keep_attempts = job.options->keep_attempts.value_or(0),
        .frees_dedup = job.options->dedup && is_finished(to)
    };
}

time_point saturated(time_point now, milliseconds wait)
{
    return now > time_point::max() - wait ? time_point::max() : now + wait;
}

void wait_again(transition& change, milliseconds delay, time_point now)
{
    if (delay.count() <= 0)
        return;
    change.to = job_state::delayed;
    change.run_at = saturated(now, delay);
}

transition::placement back_of_line(const job_record& job)
{
    return *job.options->lifo ? transition::placement::head : transition::placement::tail;
}

bool waits(const job_record& job) { return job.state == job_state::waiting || job.state == job_state::delayed; }

}  // namespace cofila::domain
