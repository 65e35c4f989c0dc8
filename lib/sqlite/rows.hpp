#pragma once
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/job_repository.hpp>

#include "sqlite/session.hpp"

/// The one place that knows the order of columns.
#define COFILA_JOB_COLUMNS                                                                                             \
    "key, id, name, state, priority, position, created_at, run_at, processed_at, finished_at, attempts_made, "         \
    "attempts_started, stalled_count, token, locked_until, lock_duration, worker, options, progress, data, result, "   \
    "failed_reason, deferrals, expires_at, cancelled, dedup_id, dedup_until, kept_for, due_at, queue"

/// Of a waiting job: its time has come by the clock of the claiming process (?2), too. The row keeps the time of a job
/// that another process's clock has let wait: here it may still be early.
#define COFILA_NOT_EARLY "(run_at IS NULL OR run_at <= ?2)"

/// The fence of writes that leave a job in its state: the token of its lock (?2), or an empty one for a job that is not
/// locked.
#define COFILA_FENCE "((?2 <> '' AND token = ?2 AND state = 2) OR (?2 = '' AND state <> 2))"

namespace cofila::sqlite {

/// Longer data and results are kept in a table of their own, so that a claim does not rewrite them.
inline constexpr std::size_t longest_inline = 500;

/// Reads a lock's duration, clamped to its valid range.
milliseconds read_lock_duration(bound_statement& row, int column);

/// Reads the columns above, starting with the first, and bodies that are kept apart. Never throws because of what a row
/// holds: see `job_record::damage`.
job_record read_job(session& with, bound_statement& row);

void insert_bodies(session& with, std::int64_t key, const std::string* data, const std::string* result);

/// Replaces the data that was kept apart, if any. Null if the data is not kept apart any more.
void replace_body(session& with, std::int64_t key, const std::string* data);

/// Finds a job in any state.
std::optional<job_record> find_job(session& with, std::int64_t queue, const job_id& id);
std::optional<job_record> find_job(session& with, std::int64_t queue, std::int64_t key);
std::optional<job_record> find_job(session& with, std::int64_t key);

/// Returns 0 if there is no such job.
std::int64_t key_of(session& with, std::optional<std::int64_t> queue, const job_ref& job);

/// The failed attempts, oldest first.
std::vector<attempt> read_attempts(session& with, std::int64_t key);

}  // namespace cofila::sqlite
