#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

/// Writes that leave a job in its state.
namespace cofila::postgres {

namespace {

// The fence: the token that holds the lock ($3), or "" for a job that is not locked.
#define COFILA_FENCE "CASE WHEN $3 = '' THEN l.state + 0 <> 2 ELSE l.state + 0 = 2 AND l.token = $3 END"

/// Reads whether the lock is held, and why the job was asked to end.
fenced_write answer(rows row)
{
    fenced_write out{.stored = row.step()};
    if (out.stored && !row.is_null(0))
        out.cancelled = row.text(0);
    return out;
}

}  // namespace

fenced_write tables::write_progress(const store::lock_of_job& job, const std::string& progress)
{
    return answer(sql_.query(
        "WITH f AS (UPDATE @finished SET progress = $4 WHERE key = $1 AND queue = $2 AND $3 = '' "
        "RETURNING NULL::text AS cancelled), l AS (UPDATE @live AS l SET progress = $4 WHERE l.key = $1 "
        "AND l.queue = $2 AND " COFILA_FENCE
        " RETURNING l.cancelled) SELECT cancelled FROM f UNION ALL SELECT cancelled FROM l",
        job.key,
        job.queue,
        job.token,
        progress
    ));
}

#define COFILA_MAY_WRITE                                                                                               \
    "SELECT l.cancelled FROM @live AS l WHERE l.key = $1 AND l.queue = $2 AND " COFILA_FENCE " UNION ALL "             \
    "SELECT NULL FROM @finished AS f WHERE f.key = $1 AND f.queue = $2 AND $3 = ''"

fenced_write tables::write_data(const store::lock_of_job& job, const std::string& data)
{
    auto out = answer(sql_.query(COFILA_MAY_WRITE, job.key, job.queue, job.token));
    if (out.stored)
        sql_.exec("UPDATE @jobs SET data = $2 WHERE key = $1", job.key, data);
    return out;
}

fenced_write tables::add_log(const store::lock_of_job& job, const log_line& line, int keep)
{
    auto out = answer(sql_.query(COFILA_MAY_WRITE, job.key, job.queue, job.token));
    if (!out.stored)
        return out;
    sql_.exec(
        "INSERT INTO @logs (job, sequence, at, line) SELECT $1::bigint, coalesce(max(sequence), 0) + 1, $2::bigint, $3 "
        "FROM @logs WHERE job = $1",
        job.key,
        line.at,
        line.text
    );
    sql_.exec(
        "DELETE FROM @logs WHERE job = $1 AND sequence <= (SELECT max(sequence) FROM @logs WHERE job = $1) - $2::int",
        job.key,
        keep
    );
    return out;
}

renewal tables::extend(const store::lock_of_job& held, time_point until, milliseconds duration)
{
    auto row = sql_.query(
        // Two renewals always differ for a watcher of the lock, even if a clock was set back between them.
        "UPDATE @live SET locked_until = greatest($4, least(locked_until, 9223372036854775806) + 1), "
        "lock_duration = $5 WHERE key = $2 AND queue = $1 AND token = $3 AND state + 0 = 2 RETURNING cancelled",
        held.queue,
        held.key,
        held.token,
        until,
        duration
    );
    const auto out = answer(std::move(row));
    return {.held = out.stored, .cancelled = out.cancelled};
}

std::optional<std::string> tables::cancellation(const store::lock_of_job& held)
{
    return answer(sql_.query(
                      "SELECT cancelled FROM @live WHERE key = $2 AND queue = $1 AND token = $3 AND state + 0 = 2 "
                      "AND cancelled IS NOT NULL",
                      held.queue,
                      held.key,
                      held.token
                  ))
        .cancelled;
}

void tables::keep_attempt(std::int64_t key, const attempt& ended, int keep)
{
    sql_.exec(
        "INSERT INTO @attempts (job, sequence, number, message, type, detail, unrecoverable, at, worker) "
        "SELECT $1::bigint, coalesce(max(sequence), 0) + 1, $2::int, $3, $4, $5, $6::boolean, $7::bigint, $8 "
        "FROM @attempts WHERE job = $1",
        key,
        ended.number,
        ended.error.message,
        ended.error.type,
        ended.error.detail,
        ended.error.unrecoverable,
        ended.at,
        ended.worker
    );
    sql_.exec(
        "DELETE FROM @attempts WHERE job = $1 AND sequence <= (SELECT max(sequence) FROM @attempts WHERE job = $1) - "
        "$2::int",
        key,
        keep
    );
}

void tables::forget_expiry(std::int64_t key)
{
    tx_.require_store();
    sql_.exec(
        "WITH f AS (UPDATE @finished SET expires_at = NULL WHERE key = $1 AND expires_at IS NOT NULL) "
        "UPDATE @live SET expires_at = NULL WHERE key = $1 AND expires_at IS NOT NULL",
        key
    );
}

}  // namespace cofila::postgres
