#pragma once
#include <cofila/outcome.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_change.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/lock.hpp>
#include <cofila/repository/news.hpp>
#include <cofila/repository/transition.hpp>

#include <optional>
#include <string>

/// The rules of a job's life, as functions of values. Repositories and workers carry out the transitions.
namespace cofila::domain {

/// A new job, waiting or delayed, as a repository's `add` takes it. `options` are resolved.
job_record new_job(
    job_id id, std::string name, std::string data, std::shared_ptr<const job_options> options, time_point now
);
/// The same for a record that has its texts already.
void set_up(job_record& job, std::shared_ptr<const job_options> options, time_point now);

/// The processor returned.
transition after_success(const job_record& job, std::string result, time_point now);

/// The processor completed it in a transaction of the application. Its worker asks the store whether that was
/// committed, so the job stays until the worker must have asked, even if its retention would let it go earlier.
transition after_transactional_success(const job_record& job, std::string result, time_point now);

/// The processor failed: another attempt, or the end. `draw` in [0, 1] is the jitter's.
transition after_failure(const job_record& job, failure why, time_point now, double draw);

/// The same, with a wait that was decided elsewhere.
transition after_failure(const job_record& job, failure why, time_point now, milliseconds wait);

/// Whether another attempt follows this failure, if its backoff agrees.
bool may_try_again(const job_record& job, const failure& why);

/// The processor puts the job off: it runs later, or ends if it was put off too often.
transition after_deferral(const job_record& job, const deferral& when, time_point now);

/// The reason of a job that failed because it was cancelled with `why`.
std::string cancelled_reason(const std::string& why);

/// The job was cancelled, and has ended.
transition after_cancellation(const job_record& job, const std::string& why, time_point now);

/// The job was not started in time.
transition after_expiry(const job_record& job, time_point now);
bool has_expired(const job_record& job, time_point now);

/// The lock ran out, or its holder died: the job is rescued, or ends if that happened too often.
transition mark_as_stalled(const job_record& job, time_point now, double draw);

/// The row of the job that is next cannot be trusted: it ends, and lets others run.
transition after_damage(const job_record& job, time_point now);

/// A worker gives back a job that it has not finished.
transition after_release(const job_record& job);

/// A delayed job no longer waits for its time.
transition after_promotion(const job_record& job);

/// A finished job is to run again.
transition after_retry(const job_record& job, retry_options options);

/// The transition for a change from outside; unset if the job's state does not allow it.
std::optional<transition> after_change(const job_record& job, const job_change& change, time_point now);

/// What the news call a change from outside.
job_news::cause cause_of(const job_change& change);
/// The same where many jobs are changed: then removed ones count as cleaned.
job_news::cause cause_in_bulk(const job_change& change);

/// The verdict on a transition that the holder of `token` requests. `job` is the stored one; null if there is none.
settled verdict(const job_record* job, const std::string& token, const transition& change);

/// The transition to carry out, which for the verdict `cancelled` is another one: the job does not run again.
transition unless_cancelled(const job_record& job, const transition& change, time_point now);

/// Whether the holder of the token, which reports another end, has completed the job before, in a transaction of the
/// application. Its worker learns that now, so that nothing but its retention keeps the job any more.
bool was_completed_elsewhere(const job_record& job, const std::string& token, const transition& change);

/// The end of a job that must not run: damaged, or expired. Unset if it may run.
std::optional<transition> unfit(const job_record& job, time_point now);

/// A job that was kept for another's end, after that end. `id_is_free`: no other job owns its deduplication id.
job_record freed(job_record job, bool id_is_free);

/// Carries out a transition on a record, except for its position and the list of its attempts.
void apply(job_record& job, const transition& change);

/// Carries out a claim on a record.
void lock(job_record& job, const lock_token& token, const std::string& worker, milliseconds duration, time_point now);

/// The reasons of jobs that end without a failure of their own.
inline constexpr const char* stalled_reason = "job stalled more than allowable limit";
inline constexpr const char* deferred_reason = "job put off more than allowable limit";
inline constexpr const char* expired_reason = "expired";

}  // namespace cofila::domain
