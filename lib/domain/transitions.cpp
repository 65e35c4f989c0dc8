#include "domain/transitions.hpp"

#include <cassert>
#include <utility>

#include "domain/backoff.hpp"
#include "domain/ids.hpp"
#include "domain/text.hpp"
#include "domain/validation.hpp"

namespace cofila::domain {

namespace {

/// What does not change unless a rule says so.
transition move_to(const job_record& job, job_state to)
{
    return {
        .to = to,
        .attempts_made = job.attempts_made,
        .stalled_count = job.stalled_count,
        .keep_attempts = job.options->keep_attempts.value_or(0)
    };
}

void finish(transition& change, const retention& keep, time_point now)
{
    change.finished_at = now;
    change.remove = keep.remove;
    if (keep.age)
        change.prune_at = now + *keep.age;
    if (keep.count)
        change.prune_count = static_cast<std::int64_t>(*keep.count);
}

/// Waits now, or later where there is a backoff. Both clocks of a wait saturate: a job is never lost to a date.
void wait_again(transition& change, milliseconds delay, time_point now)
{
    if (delay.count() <= 0)
        return;
    change.to = job_state::delayed;
    change.run_at = now > time_point::max() - delay ? time_point::max() : now + delay;
}

transition::placement back_of_line(const job_record& job)
{
    return *job.options->lifo ? transition::placement::head : transition::placement::tail;
}

}  // namespace

job_record new_job(
    job_id id, std::string name, std::string data, std::shared_ptr<const job_options> options, time_point now
)
{
    job_record job{.id = std::move(id), .name = std::move(name), .data = std::move(data)};
    job.priority = *options->priority;
    job.timestamp = now;
    if (*options->delay > milliseconds{}) {
        job.state = job_state::delayed;
        job.run_at = add_delay("delay", now, *options->delay);
    }
    job.options = std::move(options);
    return job;
}

transition after_success(const job_record& job, std::string result, time_point now)
{
    auto change = move_to(job, job_state::completed);
    change.attempts_made += 1;
    change.result = std::move(result);
    finish(change, *job.options->on_completed, now);
    return change;
}

transition after_failure(const job_record& job, failure why, time_point now, double draw)
{
    auto change = move_to(job, job_state::waiting);
    change.attempts_made += 1;
    why.message = storable_text(std::move(why.message));
    why.type = storable_text(std::move(why.type));
    why.detail = storable_text(std::move(why.detail));
    const bool exhausted = change.attempts_made >= *job.options->attempts;
    if (exhausted || why.unrecoverable) {
        change.to = job_state::failed;
        change.failed_reason = why.message;
        change.retries_exhausted = exhausted && !why.unrecoverable;
        finish(change, *job.options->on_failed, now);
    } else {
        change.place = back_of_line(job);
        wait_again(change, next_delay(*job.options->backoff, change.attempts_made, draw), now);
    }
    change.failed_attempt =
        attempt{.number = change.attempts_made, .error = std::move(why), .at = now, .worker = job.worker};
    return change;
}

transition mark_as_stalled(const job_record& job, time_point now, double draw)
{
    auto change = move_to(job, job_state::waiting);
    change.stalled_count += 1;
    if (change.stalled_count > *job.options->max_stalled_count) {
        change.to = job_state::failed;
        change.failed_reason = stalled_reason;
        finish(change, *job.options->on_failed, now);
    } else {
        wait_again(change, next_delay(*job.options->backoff, change.stalled_count, draw), now);
    }
    return change;
}

transition after_damage(const job_record& job, time_point now)
{
    auto change = move_to(job, job_state::failed);
    change.failed_reason = storable_text("the stored row of the job is damaged: " + job.damage);
    finish(change, *job.options->on_failed, now);
    return change;
}

transition after_release(const job_record& job) { return move_to(job, job_state::waiting); }

transition after_promotion(const job_record& job) { return move_to(job, job_state::waiting); }

transition after_retry(const job_record& job, retry_options options)
{
    auto change = move_to(job, job_state::waiting);
    change.place = back_of_line(job);
    change.stalled_count = 0;
    if (!options.keep_attempts)
        change.attempts_made = 0;
    return change;
}

void apply(job_record& job, const transition& change)
{
    job.state = change.to;
    job.attempts_made = change.attempts_made;
    job.stalled_count = change.stalled_count;
    job.run_at = change.run_at;
    job.finished_at = change.finished_at;
    job.result = change.result;
    job.failed_reason = change.failed_reason;
    job.locked_until.reset();
}

void lock(job_record& job, const lock_token& token, const std::string& worker, milliseconds duration, time_point now)
{
    assert(job.state == job_state::waiting);
    job.state = job_state::active;
    job.attempts_started += 1;
    job.token = to_text(token);
    job.locked_until = now + duration;
    job.lock_duration = duration;
    job.processed_at = now;
    job.worker = worker;
}

}  // namespace cofila::domain
