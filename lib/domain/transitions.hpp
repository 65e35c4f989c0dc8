#pragma once
#include <cofila/job_change.hpp>
#include <cofila/job_record.hpp>
#include <cofila/lock.hpp>
#include <cofila/outcome.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/transition.hpp>

#include <optional>
#include <string>

/// The rules of a job's life, as functions of values. Repositories and workers carry the answers out.
namespace cofila::domain {

/// A new job, waiting or delayed, as a repository's `add` takes it. `options` are resolved.
job_record new_job(
    job_id id, std::string name, std::string data, std::shared_ptr<const job_options> options, time_point now
);

/// The processor returned.
transition after_success(const job_record& job, std::string result, time_point now);

/// The processor completed it in a transaction of the application's. Its worker asks the store whether that was
/// committed, so it stays until the worker must have asked, also where its retention would let it go earlier.
transition after_transactional_success(const job_record& job, std::string result, time_point now);

/// The processor failed: another attempt, or the end. `draw` in [0, 1] is the jitter's.
transition after_failure(const job_record& job, failure why, time_point now, double draw);

/// As `after_failure`, where the wait was decided elsewhere.
transition after_failure(const job_record& job, failure why, time_point now, milliseconds wait);

/// Another attempt will follow this failure, if its backoff agrees.
bool may_try_again(const job_record& job, const failure& why);

/// The processor puts the job off: later, or the end when it did so too often.
transition after_deferral(const job_record& job, const deferral& when, time_point now);

/// Why a job has failed that was cancelled with `why`.
std::string cancelled_reason(const std::string& why);

/// Somebody wants it to end, and it has.
transition after_cancellation(const job_record& job, const std::string& why, time_point now);

/// Nobody started it in time.
transition after_expiry(const job_record& job, time_point now);
bool has_expired(const job_record& job, time_point now);

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

/// What comes of a change from outside; nothing where the job's state does not allow it.
std::optional<transition> after_change(const job_record& job, const job_change& what, time_point now);

/// What a transition comes to that the holder of `token` asks for. `job` is the stored one; null if there is none.
settled verdict(const job_record* job, const std::string& token, const transition& change);

/// What is carried out instead where the verdict is `cancelled`: the job does not run again.
transition unless_cancelled(const job_record& job, const transition& change, time_point now);

/// The token that reports another end has completed the job before, in a transaction of the application's. Its worker
/// learns that now, so that nothing keeps the job any more but its retention.
bool was_completed_elsewhere(const job_record& job, const std::string& token, const transition& change);

/// The end of a job that must not run: damaged, or expired. Unset: it may run.
std::optional<transition> unfit(const job_record& job, time_point now);

/// A job that was kept for another's end, after that end. `id_is_free`: no other job owns its deduplication id.
job_record freed(job_record job, bool id_is_free);

/// Carries a transition out on a record: all but its position and the list of its attempts.
void apply(job_record& job, const transition& change);

/// Carries a claim out on a record.
void lock(job_record& job, const lock_token& token, const std::string& worker, milliseconds duration, time_point now);

/// Reasons of jobs that end without a failure of their own.
inline constexpr const char* stalled_reason = "job stalled more than allowable limit";
inline constexpr const char* deferred_reason = "job put off more than allowable limit";
inline constexpr const char* expired_reason = "expired";

}  // namespace cofila::domain
