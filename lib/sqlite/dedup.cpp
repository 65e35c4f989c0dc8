#include "sqlite/dedup.hpp"

#include <memory>
#include <utility>

#include "domain/dedup.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

using domain::dedup_answer;

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

void show(added_row& row, job_record owner) { row.job = std::make_shared<const job_record>(std::move(owner)); }

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
    const auto answer = domain::deduplicate(owner ? &*owner : nullptr, job);
    switch (answer) {
    case dedup_answer::add:
        if (owner)
            let_go(with, owner->key);
        return true;
    case dedup_answer::refuse:
        row.deduplicated_by = owner->id;
        show(row, std::move(*owner));
        return false;
    case dedup_answer::extend:
        row.deduplicated_by = owner->id;
        owner->dedup_until = job.dedup_until;
        with.sql().exec("UPDATE cofila_jobs SET dedup_until = ?2 WHERE key = ?1", owner->key, owner->dedup_until);
        show(row, std::move(*owner));
        return false;
    case dedup_answer::replace:
        remove_kept(with, queue, owner->key, row);
        row.replaced.push_back(owner->id);
        erase_job(with, queue, owner->key);
        return true;
    case dedup_answer::keep:
        row.deduplicated_by = owner->id;
        remove_kept(with, queue, owner->key, row);
        domain::keep_for(job, owner->key);
        return true;
    }
    return true;
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
    const auto& dedup = kept->options->dedup;  // none: it is damaged, and ends when it is claimed
    const bool is_free = dedup && !find_owner(with, queue, dedup->id);
    with.sql().exec(
        "UPDATE cofila_jobs SET state = 0, run_at = NULL, kept_for = NULL, dedup_id = ?2 WHERE key = ?1",
        kept->key,
        is_free ? &dedup->id : nullptr
    );
    with.note_freed(queue, kept->id);
}

}  // namespace cofila::sqlite
