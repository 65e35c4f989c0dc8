#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

/// Owners of deduplication ids, and the jobs that are kept for their ends.
namespace cofila::sqlite {

namespace {

std::optional<job_record> find_named(session& tx, bound_statement row)
{
    return row.step() ? find_job(tx, row.number(0)) : std::nullopt;
}

}  // namespace

std::optional<job_record> tables::find_owner(std::int64_t queue, const std::string& dedup_id)
{
    return find_named(
        tx_, sql_.query("SELECT job FROM cofila_rare WHERE queue = ?1 AND dedup_id = ?2", queue, dedup_id)
    );
}

std::optional<job_record> tables::find_kept(std::int64_t owner)
{
    return find_named(tx_, sql_.query("SELECT job FROM cofila_rare WHERE kept_for = ?1", owner));
}

bool tables::holds_on(std::int64_t key, time_point now)
{
    return sql_
        .query("SELECT 1 FROM cofila_rare WHERE job = ?1 AND dedup_id IS NOT NULL AND dedup_until > ?2", key, now)
        .step();
}

void tables::hold_until(std::int64_t key, std::optional<time_point> until)
{
    sql_.exec("UPDATE cofila_rare SET dedup_until = ?2 WHERE job = ?1", key, until);
}

void tables::let_go(std::int64_t key)
{
    sql_.exec("UPDATE cofila_rare SET dedup_id = NULL, dedup_until = NULL WHERE job = ?1", key);
}

void tables::release_kept(std::int64_t key, const std::string* dedup_id)
{
    sql_.exec("UPDATE cofila_rare SET kept_for = NULL, dedup_id = ?2 WHERE job = ?1", key, dedup_id);
}

void tables::prune_after_hold(std::int64_t key)
{
    sql_.exec(
        "UPDATE cofila_finished SET prune_at = (SELECT dedup_until FROM cofila_rare WHERE job = ?1) WHERE key = ?1", key
    );
}

}  // namespace cofila::sqlite
