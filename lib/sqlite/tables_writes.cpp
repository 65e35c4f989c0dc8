#include "domain/generated_id.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

/// Writes that leave a job in its state.
namespace cofila::sqlite {

namespace {

// The fence: the token that holds the lock (?3), or NULL for a job that is not locked.
#define COFILA_FENCE                                                                                                   \
    "iif(?3 IS NULL, NOT EXISTS (SELECT 1 FROM cofila_active AS a WHERE a.queue = ?2 AND a.key = ?1), "                \
    "EXISTS (SELECT 1 FROM cofila_active AS a WHERE a.queue = ?2 AND a.key = ?1 AND a.token = ?3))"

/// Stands for a text that is no token: no job has it.
constexpr std::string_view no_token = "-";

std::string token_of(const store::lock_of_job& job)
{
    auto token = domain::from_hex(job.token);
    return token.empty() && !job.token.empty() ? std::string{no_token} : token;
}

std::optional<std::string> cancelled(session& tx, const store::lock_of_job& job)
{
    auto row = tx.sql().query("SELECT cancelled FROM cofila_active WHERE queue = ?1 AND key = ?2", job.queue, job.key);
    return row.step() && !row.is_null(0) ? std::optional{row.text(0)} : std::nullopt;
}

fenced_write answer(session& tx, const store::lock_of_job& job, bool stored)
{
    if (!stored)
        return {};
    return {.stored = true, .cancelled = cancelled(tx, job)};
}

}  // namespace

fenced_write tables::write_progress(const store::lock_of_job& job, const std::string& progress)
{
    const auto token = token_of(job);
    const int rows = sql_.exec(
        "UPDATE cofila_jobs SET progress = ?4 WHERE key = ?1 AND queue = ?2 AND " COFILA_FENCE,
        job.key,
        job.queue,
        bytes{token},
        progress
    );
    return answer(tx_, job, rows != 0);
}

fenced_write tables::write_data(const store::lock_of_job& job, const std::string& data)
{
    const auto token = token_of(job);
    const int rows = sql_.exec(
        "UPDATE cofila_jobs SET data = ?4 WHERE key = ?1 AND queue = ?2 AND " COFILA_FENCE,
        job.key,
        job.queue,
        bytes{token},
        inline_text(data)
    );
    if (rows != 0 && inline_text(data))
        sql_.exec("UPDATE cofila_bodies SET data = NULL WHERE job = ?1", job.key);
    else if (rows != 0)
        sql_.exec(
            "INSERT INTO cofila_bodies (job, data) VALUES (?1, ?2) ON CONFLICT (job) DO UPDATE SET data = "
            "excluded.data",
            job.key,
            data
        );
    return answer(tx_, job, rows != 0);
}

fenced_write tables::add_log(const store::lock_of_job& job, const log_line& line, int keep)
{
    const auto token = token_of(job);
    const bool may_write = sql_.query(
                                   "SELECT 1 FROM cofila_jobs WHERE key = ?1 AND queue = ?2 AND " COFILA_FENCE,
                                   job.key,
                                   job.queue,
                                   bytes{token}
    )
                               .step();
    if (!may_write)
        return {};
    sql_.exec(
        "INSERT INTO cofila_logs SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3 FROM cofila_logs WHERE job = ?1",
        job.key,
        line.at,
        line.text
    );
    sql_.exec(
        "DELETE FROM cofila_logs WHERE job = ?1 AND sequence <= (SELECT max(sequence) FROM cofila_logs WHERE job = ?1) "
        "- ?2",
        job.key,
        keep
    );
    return answer(tx_, job, true);
}

renewal tables::extend(const store::lock_of_job& held, time_point until, milliseconds duration)
{
    const auto token = token_of(held);
    const int rows = sql_.exec(
        // Two renewals always differ for a watcher of the lock, even if a clock was set back between them.
        "UPDATE cofila_active SET locked_until = max(?4, min(locked_until, 9223372036854775806) + 1), "
        "lock_duration = ?5 WHERE queue = ?1 AND key = ?2 AND token = ?3",
        held.queue,
        held.key,
        bytes{token},
        until,
        duration
    );
    return {.held = rows != 0, .cancelled = rows != 0 ? cancelled(tx_, held) : std::nullopt};
}

std::optional<std::string> tables::cancellation(const store::lock_of_job& held)
{
    const auto token = token_of(held);
    auto row = sql_.query(
        "SELECT cancelled FROM cofila_active WHERE queue = ?1 AND key = ?2 AND token = ?3 AND cancelled IS NOT NULL",
        held.queue,
        held.key,
        bytes{token}
    );
    return row.step() ? std::optional{row.text(0)} : std::nullopt;
}

void tables::keep_attempt(std::int64_t key, const attempt& ended, int keep)
{
    sql_.exec(
        "INSERT INTO cofila_attempts SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 "
        "FROM cofila_attempts WHERE job = ?1",
        key,
        ended.number,
        ended.error.message,
        ended.error.type,
        ended.error.detail,
        int{ended.error.unrecoverable},
        ended.at,
        ended.worker
    );
    sql_.exec(
        "DELETE FROM cofila_attempts WHERE job = ?1 "
        "AND sequence <= (SELECT max(sequence) FROM cofila_attempts WHERE job = ?1) - ?2",
        key,
        keep
    );
}

void tables::forget_expiry(std::int64_t key)
{
    sql_.exec("UPDATE cofila_rare SET expires_at = NULL WHERE job = ?1 AND expires_at IS NOT NULL", key);
}

}  // namespace cofila::sqlite
