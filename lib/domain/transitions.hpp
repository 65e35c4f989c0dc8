#pragma once
#include <cofila/job_record.hpp>
#include <cofila/lock.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/transition.hpp>

#include <string>

/// The rules of a job's life, as functions of values. Repositories and workers carry the answers out.
namespace cofila::domain {

/// A new job, waiting or delayed, as a repository's `add` takes it. `options` are resolved.
job_record new_job(
    job_id id, std::string name, std::string data, std::shared_ptr<const job_options> options, time_point now
);

/// The processor returned.
transition after_success(const job_record& job, std::string result, time_point now);

/// The processor failed: another attempt, or the end. `draw` in [0, 1] is the jitter's.
transition after_failure(const job_record& job, failure why, time_point now, double draw);

/// The lock ran out, or its holder died: rescue, or the end when it happened too often.
transition mark_as_stalled(const job_record& job, time_point now, double draw);

/// The row of a job that was to run next cannot be trusted: it ends, and lets the others run.
transition after_damage(const job_record& job, time_point now);

/// A worker gives back a job that it did not finish.
transition after_release(const job_record& job);

/// A delayed job is to wait for its time no longer.
transition after_promotion(const job_record& job);

/// A finished job is to run again.
transition after_retry(const job_record& job, retry_options options);

/// Carries a transition out on a record: state, counters and times (not position, nor the list of attempts).
void apply(job_record& job, const transition& change);

/// Carries a claim out on a record.
void lock(job_record& job, const lock_token& token, const std::string& worker, milliseconds duration, time_point now);

/// The reason of a job that ends because it stalled too often.
inline constexpr const char* stalled_reason = "job stalled more than allowable limit";

}  // namespace cofila::domain
