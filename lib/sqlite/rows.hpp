#pragma once
#include <cofila/job_record.hpp>

#include "sqlite/session.hpp"

/// The one place that knows the order of columns.
#define COFILA_JOB_COLUMNS                                                                                             \
    "key, id, name, state, priority, position, created_at, run_at, processed_at, finished_at, attempts_made, "         \
    "attempts_started, stalled_count, token, locked_until, lock_duration, worker, options, progress, data, result, "   \
    "failed_reason, deferrals, expires_at, cancelled, dedup_id, dedup_until, kept_for, due_at"

/// Of a job that waits: its time has come by the clock of whoever claims (?2), too. The row keeps the time of a job
/// that a clock has let wait: by another clock it may be early still.
#define COFILA_NOT_EARLY "(run_at IS NULL OR run_at <= ?2)"

namespace cofila::sqlite {

/// Data and results longer than this live in a table of their own, so that a claim does not rewrite them.
inline constexpr std::size_t longest_inline = 500;

/// Clamped to what a lock may have.
milliseconds read_lock_duration(bound_statement& row, int column);

/// Reads the columns above, starting with the first, and the bodies where they are kept apart. Never throws for what a
/// row holds: see `job_record::damage`.
job_record read_job(session& with, bound_statement& row);

void insert_bodies(session& with, std::int64_t key, const std::string* data, const std::string* result);

/// In the place of the data that was kept apart so far, if any. Null: it is not kept apart any more.
void replace_body(session& with, std::int64_t key, const std::string* data);

/// A job in any state.
std::optional<job_record> find_job(session& with, std::int64_t queue, const job_id& id);
std::optional<job_record> find_job(session& with, std::int64_t queue, std::int64_t key);
std::optional<job_record> find_job(session& with, std::int64_t key);

/// Attempts, oldest first.
std::vector<attempt> read_attempts(session& with, std::int64_t key);

}  // namespace cofila::sqlite
