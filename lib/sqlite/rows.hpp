#pragma once
#include <cofila/repository/job_record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "sqlite/session.hpp"

// The one place that knows the order in which a job is read: what stands in cofila_jobs (`j`), then what depends on its
// state.
#define COFILA_JOB                                                                                                     \
    "j.key, j.id, j.random, j.name, j.queue, j.priority, j.position, j.created_at, j.run_at, j.due_at, j.options, "    \
    "j.rare, j.progress, j.data, "
#define COFILA_NOT_STARTED(state)                                                                                      \
    COFILA_JOB state ", j.processed_at, NULL, j.attempts_made, j.attempts_started, j.stalled_count, j.deferrals, "     \
                     "j.token, NULL, NULL, "                                                                           \
                     "j.worker, '', j.failed_reason, NULL"
#define COFILA_WAITING_JOB COFILA_NOT_STARTED("0")
// What few jobs have (`r`). Where a query has it, it follows the job.
#define COFILA_RARITIES "r.options, r.expires_at, r.dedup_id IS NOT NULL, r.dedup_until, r.kept_for"
#define COFILA_DELAYED_JOB COFILA_NOT_STARTED("1")
#define COFILA_ACTIVE_JOB                                                                                              \
    COFILA_JOB                                                                                                         \
    "2, a.processed_at, NULL, j.attempts_made, a.attempts_started, j.stalled_count, j.deferrals, a.token, "            \
    "a.locked_until, a.lock_duration, a.worker, '', j.failed_reason, a.cancelled"
#define COFILA_FINISHED_JOB                                                                                            \
    COFILA_JOB                                                                                                         \
    "f.state, f.processed_at, f.finished_at, f.attempts_made, f.attempts_started, f.stalled_count, f.deferrals, "      \
    "f.token, NULL, NULL, f.worker, f.result, f.failed_reason, NULL"

// A job in whatever state. Its place in the small tables stands in its own row, so that each is found by one seek.
#define COFILA_ANY_JOB                                                                                                 \
    COFILA_JOB                                                                                                         \
    "CASE WHEN a.key IS NOT NULL THEN 2 WHEN f.key IS NOT NULL THEN f.state WHEN d.key IS NOT NULL THEN 1 "            \
    "WHEN w.key IS NOT NULL OR g.key IS NOT NULL THEN 0 END, "                                                         \
    "iif(f.key IS NULL, coalesce(a.processed_at, j.processed_at), f.processed_at), f.finished_at, "                    \
    "coalesce(f.attempts_made, j.attempts_made), "                                                                     \
    "coalesce(a.attempts_started, f.attempts_started, j.attempts_started), "                                           \
    "coalesce(f.stalled_count, j.stalled_count), coalesce(f.deferrals, j.deferrals), "                                 \
    "iif(f.key IS NULL, coalesce(a.token, j.token), f.token), a.locked_until, a.lock_duration, "                       \
    "iif(f.key IS NULL, coalesce(a.worker, j.worker), f.worker), iif(f.key IS NULL, '', f.result), "                   \
    "coalesce(f.failed_reason, j.failed_reason), a.cancelled"
#define COFILA_FROM_ANY                                                                                                \
    " FROM cofila_jobs AS j LEFT JOIN cofila_active AS a ON a.queue = j.queue AND a.key = j.key "                      \
    "LEFT JOIN cofila_finished AS f ON f.key = j.key "                                                                 \
    "LEFT JOIN cofila_delayed AS d ON d.queue = j.queue AND d.run_at = j.run_at AND d.position = j.position "          \
    "AND d.key = j.key "                                                                                               \
    "LEFT JOIN cofila_waiting AS w ON w.queue = j.queue AND w.priority = j.priority AND w.position = j.position "      \
    "AND w.key = j.key "                                                                                               \
    "LEFT JOIN cofila_waiting_grouped AS g ON g.queue = j.queue AND g.priority = j.priority "                          \
    "AND g.position = j.position AND g.key = j.key "

namespace cofila::sqlite {

/// Longer data and results are kept in a table of their own.
inline constexpr std::size_t longest_inline = 500;
inline const std::string* inline_text(const std::string& text)
{
    return text.size() > longest_inline ? nullptr : &text;
}

/// Reads a lock's duration, clamped to its valid range.
milliseconds read_lock_duration(bound_statement& row, int column);

/// Reads the columns above, which begin at `first`, and what is kept apart. Never throws because of what a row holds:
/// see `job_record::damage`.
job_record read_job(session& tx, bound_statement& row, int first = 0);
/// Whether the table of waiting jobs (`w`) and the job's own row agree on its place.
#define COFILA_PLACE_AGREES "w.queue IS j.queue AND w.priority IS j.priority AND w.position IS j.position"
/// Reads that, and the job that follows: one with two places must not run.
job_record read_waiting_job(session& tx, bound_statement& row, int first);
/// The same for a query that has the rarities as well.
job_record read_waiting_job_and_rarities(session& tx, bound_statement& row, int first);
/// The earliest time at which a waiting job may run, where another process's clock has let it wait.
std::optional<time_point> not_before(bound_statement& row, int first = 0);

/// Finds a job in any state.
std::optional<job_record> find_job(session& tx, std::int64_t key);
/// Returns 0 if there is no such job.
std::int64_t key_of(session& tx, std::int64_t queue, const job_id& id);

}  // namespace cofila::sqlite
