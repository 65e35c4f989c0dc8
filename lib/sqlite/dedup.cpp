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

void replace(session& with, std::int64_t queue, std::optional<job_record> job, news_list& news)
{
    if (job)
        erase_and_tell(with, queue, std::move(*job), job_news::cause::replaced, news);
}

job_news deduplicated(const job_record& owner)
{
    return {.why = job_news::cause::deduplicated, .job = std::make_shared<const job_record>(owner), .was = owner.state};
}

}  // namespace

bool make_way(session& with, std::int64_t queue, job_record& job, added_row& row, news_list& news)
{
    auto owner = find_owner(with, queue, job.options->dedup->id);
    const auto plan = domain::deduplicate(owner ? &*owner : nullptr, job);
    if (plan.extend_owner) {
        owner->dedup_until = job.dedup_until;
        with.sql().exec("UPDATE cofila_jobs SET dedup_until = ?2 WHERE key = ?1", owner->key, owner->dedup_until);
    }
    if (plan.release_owner)
        let_go(with, owner->key);
    if (plan.remove_kept)
        replace(with, queue, find_kept(with, owner->key), news);
    if (plan.keep)
        domain::keep_for(job, owner->key);
    if (plan.remove_owner)
        replace(with, queue, owner, news);
    if (plan.defers_to_owner()) {
        row.deduplicated_by = owner->id;
        news.push_back(deduplicated(*owner));
        if (plan.keep)
            news.back().kept = job.id;
    }
    if (!plan.add)
        row.job = news.back().job;
    return plan.add;
}

bool holds_on(session& with, std::int64_t key, time_point now)
{
    auto row = with.sql().query(
        "SELECT 1 FROM cofila_jobs WHERE key = ?1 AND dedup_id IS NOT NULL AND dedup_until > ?2", key, now
    );
    return row.step();
}

void end_of_owner(session& with, std::int64_t queue, std::int64_t key, time_point now, news_list& news)
{
    if (!holds_on(with, key, now))
        let_go(with, key);
    free_kept(with, queue, key, news);
}

void free_kept(session& with, std::int64_t queue, std::int64_t owner, news_list& news)
{
    const auto kept = find_kept(with, owner);
    if (!kept)
        return;
    const auto& dedup = kept->options->dedup;  // unset in a damaged job, which is failed when it is claimed
    auto freed = domain::freed(*kept, dedup && !find_owner(with, queue, dedup->id));
    with.sql().exec(
        "UPDATE cofila_jobs SET state = ?2, run_at = ?3, kept_for = NULL, dedup_id = ?4 WHERE key = ?1",
        freed.key,
        static_cast<int>(freed.state),
        freed.run_at,
        freed.holds_dedup ? &dedup->id : nullptr
    );
    news.push_back(
        {.why = job_news::cause::freed,
         .job = std::make_shared<const job_record>(std::move(freed)),
         .was = job_state::delayed}
    );
}

}  // namespace cofila::sqlite
