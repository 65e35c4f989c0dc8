#pragma once
#include <cofila/repository/job_record.hpp>

#include <cstdint>
#include <optional>

#include "postgres/session.hpp"

// The one place that knows the order in which a job is read: what stands in `jobs` (j), then what stands in `live` (l)
// or `finished` (f). Rows of one table are found by keys of another with "j.key BETWEEN l.key AND l.key": with "=" a
// plan may read the whole table in the order of its keys, which is quick while it is small, and go on when it has
// grown.
#define COFILA_JOB "j.key, j.id, j.random, j.name, j.queue, j.created_at, j.options, j.own_options, j.data, "
/// `state` is that of the row, or the one that it had.
#define COFILA_LIVE_JOB_IN(state)                                                                                      \
    COFILA_JOB state ", l.priority, l.position, l.run_at, l.due_at, l.expires_at, l.dedup_id IS NOT NULL, "            \
                     "l.dedup_until, l.kept_for, l.processed_at, NULL, l.attempts_made, l.attempts_started, "          \
                     "l.stalled_count, l.deferrals, l.token, l.locked_until, l.lock_duration, l.worker, l.progress, "  \
                     "'', l.failed_reason, l.cancelled"
#define COFILA_LIVE_JOB COFILA_LIVE_JOB_IN("l.state")
#define COFILA_FINISHED_JOB                                                                                            \
    COFILA_JOB                                                                                                         \
    "f.state, f.priority, NULL, NULL, f.due_at, f.expires_at, f.dedup_id IS NOT NULL, f.dedup_until, NULL, "           \
    "f.processed_at, f.finished_at, f.attempts_made, f.attempts_started, f.stalled_count, f.deferrals, f.token, "      \
    "NULL, NULL, f.worker, f.progress, f.result, f.failed_reason, NULL"
/// A job in whatever state: j is the view `job_rows`.
#define COFILA_ANY_JOB                                                                                                 \
    COFILA_JOB                                                                                                         \
    "j.state, j.priority, j.position, j.run_at, j.due_at, j.expires_at, j.dedup_id IS NOT NULL, j.dedup_until, "       \
    "j.kept_for, j.processed_at, j.finished_at, j.attempts_made, j.attempts_started, j.stalled_count, j.deferrals, "   \
    "j.token, j.locked_until, j.lock_duration, j.worker, j.progress, j.result, j.failed_reason, j.cancelled "          \
    "FROM @job_rows AS j "

namespace cofila::postgres {

/// Reads the columns above, which begin at `first`. Never throws because of what a row holds: see `job_record::damage`.
job_record read_job(session& tx, const rows& row, int first = 0);
/// Reads a lock's duration, clamped to its valid range.
milliseconds read_lock_duration(const rows& row, int column);
/// The id of a job from its key, id and random part, which begin at `first`.
job_id read_id(const rows& row, int first);

/// Finds a job in any state.
std::optional<job_record> find_job(session& tx, std::int64_t key);
/// Returns 0 if there is no such job.
std::int64_t key_of(session& tx, std::int64_t queue, const job_id& id);

}  // namespace cofila::postgres
