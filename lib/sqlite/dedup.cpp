#include "sqlite/dedup.hpp"

#include <memory>
#include <utility>

#include "domain/dedup.hpp"
#include "domain/transitions.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

std::optional<job_record> find_owner(session& with, std::int64_t queue, const std::string& dedup_id)
{
    auto row = with.sql().query(
        "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND dedup_id = ?2", queue, dedup_id
    );
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

std::optional<job_record> find_kept(session& with, std::int64_t owner)
{
    auto row =
        with.sql().query("SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE kept_for = ?1 AND state = 1", owner);
    return row.step() ? std::optional{read_job(with, row)} : std::nullopt;
}

void let_go(session& with, std::int64_t key)
{
    with.sql().exec("UPDATE cofila_jobs SET dedup_id = NULL, dedup_until = NULL WHERE key = ?1", key);
}

void remove_kept(session& with, std::int64_t queue, std::int64_t owner, added_row& row)
{
    const auto kept = find_kept(with, owner);
    if (!kept)
        return;
    row.replaced.push_back(kept->id);
    erase_job(with, queue, kept->key);
}

}  // namespace

bool make_way(session& with, std::int64_t queue, job_record& job, added_row& row)
{
    auto owner = find_owner(with, queue, job.options->dedup->id);
    const auto plan = domain::deduplicate(owner ? &*owner : nullptr, job);
    if (plan.defers_to_owner())
        row.deduplicated_by = owner->id;
    if (plan.extend_owner) {
        owner->dedup_until = job.dedup_until;
        with.sql().exec("UPDATE cofila_jobs SET dedup_until = ?2 WHERE key = ?1", owner->key, owner->dedup_until);
    }
    if (plan.release_owner)
        let_go(with, owner->key);
    if (plan.remove_kept)
        remove_kept(with, queue, owner->key, row);
    if (plan.keep)
        domain::keep_for(job, owner->key);
    if (plan.remove_owner) {
        row.replaced.push_back(owner->id);
        erase_job(with, queue, owner->key);
    }
    if (!plan.add)
        row.job = std::make_shared<const job_record>(std::move(*owner));
    return plan.add;
}

bool holds_on(session& with, std::int64_t key, time_point now)
{
    auto row = with.sql().query(
        "SELECT 1 FROM cofila_jobs WHERE key = ?1 AND dedup_id IS NOT NULL AND dedup_until > ?2", key, now
    );
    return row.step();
}

void end_of_owner(session& with, std::int64_t queue, std::int64_t key, time_point now)
{
    if (!holds_on(with, key, now))
        let_go(with, key);
    free_kept(with, queue, key);
}

void free_kept(session& with, std::int64_t queue, std::int64_t owner)
{
    const auto kept = find_kept(with, owner);
    if (!kept)
        return;
    const auto& dedup = kept->options->dedup;  // unset in a damaged job, which is failed when it is claimed
    const auto freed = domain::freed(*kept, dedup && !find_owner(with, queue, dedup->id));
    with.sql().exec(
        "UPDATE cofila_jobs SET state = ?2, run_at = ?3, kept_for = NULL, dedup_id = ?4 WHERE key = ?1",
        freed.key,
        static_cast<int>(freed.state),
        freed.run_at,
        freed.holds_dedup ? &dedup->id : nullptr
    );
    with.note_freed(queue, freed.id);
}

}  // namespace cofila::sqlite
