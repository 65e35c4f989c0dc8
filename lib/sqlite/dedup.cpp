#include "sqlite/dedup.hpp"

#include "sqlite/rows.hpp"

namespace cofila::sqlite {

std::optional<job_record> find_owner(session& with, std::int64_t queue, const std::string& dedup_id)
{
    auto row = with.sql().query(
        "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND dedup_id = ?2", queue, dedup_id
    );
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

bool holds_on(session& with, std::int64_t key, time_point now)
{
    auto row = with.sql().query(
        "SELECT 1 FROM cofila_jobs WHERE key = ?1 AND dedup_id IS NOT NULL AND dedup_until > ?2", key, now
    );
    return row.step();
}

void let_go(session& with, std::int64_t key)
{
    with.sql().exec("UPDATE cofila_jobs SET dedup_id = NULL, dedup_until = NULL WHERE key = ?1", key);
}

std::optional<job_record> find_kept(session& with, std::int64_t owner)
{
    auto row =
        with.sql().query("SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE kept_for = ?1 AND state = 1", owner);
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

}  // namespace cofila::sqlite
