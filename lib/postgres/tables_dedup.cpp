#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

/// Owners of deduplication ids, and the jobs that are kept for their ends. A job that has finished may still hold its
/// id, so that what is written may stand in either table.
namespace cofila::postgres {

namespace {

#define COFILA_IN_BOTH(change) "WITH f AS (UPDATE @finished " change ") UPDATE @live " change

std::optional<job_record> read_one(session& tx, rows row)
{
    return row.step() ? std::optional{read_job(tx, row)} : std::nullopt;
}

}  // namespace

std::optional<job_record> tables::find_owner(std::int64_t queue, const std::string& dedup_id)
{
    return read_one(
        tx_,
        sql_.query(
            "SELECT " COFILA_ANY_JOB "WHERE j.key = (SELECT key FROM @live WHERE queue = $1 AND dedup_id = $2 "
            "UNION ALL SELECT key FROM @finished WHERE queue = $1 AND dedup_id = $2 LIMIT 1)",
            queue,
            dedup_id
        )
    );
}

std::optional<job_record> tables::find_kept(std::int64_t owner)
{
    return read_one(
        tx_,
        sql_.query("SELECT " COFILA_ANY_JOB "WHERE j.key = (SELECT key FROM @live WHERE kept_for = $1 LIMIT 1)", owner)
    );
}

bool tables::holds_on(std::int64_t key, time_point now)
{
    tx_.require_store();
    return sql_
        .query(
            "SELECT 1 FROM @live WHERE key = $1 AND dedup_until > $2 UNION ALL "
            "SELECT 1 FROM @finished WHERE key = $1 AND dedup_until > $2",
            key,
            now
        )
        .step();
}

void tables::hold_until(std::int64_t key, std::optional<time_point> until)
{
    sql_.exec(COFILA_IN_BOTH("SET dedup_until = $2 WHERE key = $1"), key, until);
}

void tables::let_go(std::int64_t key)
{
    sql_.exec(COFILA_IN_BOTH("SET dedup_id = NULL, dedup_until = NULL WHERE key = $1"), key);
}

void tables::release_kept(std::int64_t key, const std::string* dedup_id)
{
    sql_.exec("UPDATE @live SET kept_for = NULL, dedup_id = $2 WHERE key = $1", key, dedup_id);
}

void tables::prune_after_hold(std::int64_t key)
{
    sql_.exec("UPDATE @finished SET prune_at = dedup_until WHERE key = $1", key);
}

}  // namespace cofila::postgres
