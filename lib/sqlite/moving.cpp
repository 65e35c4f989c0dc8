// Every change of a job's state ends here. An UPDATE carries it out, fenced by the token of the job's lock, or by its
// absence; no row means that nothing was changed. What follows is done in the same transaction: a job that has finished
// lets go of its deduplication id, unless it holds it for a time, and the job that was kept for its end waits now; one
// whose retention lets it go at once is removed with everything that belongs to it. Each job that moves is added to the
// news, a moved one before those that its end frees.
#include "sqlite/moving.hpp"

#include <optional>
#include <utility>
#include <vector>

#include "domain/dedup.hpp"
#include "domain/transitions.hpp"
#include "sqlite/dedup.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/settings.hpp"

namespace cofila::sqlite {

namespace {

void keep_attempt(session& with, std::int64_t key, const attempt& ended, int keep)
{
    if (keep == 0)
        return;
    with.sql().exec(
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
    with.sql().exec(
        "DELETE FROM cofila_attempts WHERE job = ?1 "
        "AND sequence <= (SELECT max(sequence) FROM cofila_attempts WHERE job = ?1) - ?2",
        key,
        keep
    );
}

bool keeps_order(session& with, std::int64_t queue) { return read_limits(with, queue).group.keep_order; }

/// Writes what changes outside of the job's row, and the columns that not every change writes.
void keep_the_rest(session& with, std::int64_t queue, std::int64_t key, const transition& change)
{
    if (change.failed_attempt)
        keep_attempt(with, key, *change.failed_attempt, change.keep_attempts);
    if (change.forget_expiry)
        with.sql().exec("UPDATE cofila_jobs SET expires_at = NULL WHERE key = ?1 AND expires_at IS NOT NULL", key);
    if (change.queue_rests_until)
        with.sql().exec(
            "UPDATE cofila_queues SET rests_until = max(coalesce(rests_until, ?2), ?2) WHERE number = ?1",
            queue,
            *change.queue_rests_until
        );
}

/// Makes the job that was kept for the end of `owner` wait, and reports it.
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

/// Called when a job with a deduplication id has finished: it lets go of the id, unless it holds it for a time.
void end_of_owner(session& with, std::int64_t queue, std::int64_t key, time_point now, news_list& news)
{
    if (!holds_on(with, key, now))
        let_go(with, key);
    free_kept(with, queue, key, news);
}

}  // namespace

job_snapshot moved_by(job_record job, const transition& change)
{
    domain::apply(job, change);
    return std::make_shared<const job_record>(std::move(job));
}

moved move_job(
    session& with,
    std::int64_t queue,
    std::int64_t key,
    const std::string& token,
    const transition& change,
    news_list& news
)
{
    const bool long_result = change.result.size() > longest_inline;
    const auto* const result = long_result ? nullptr : &change.result;
    std::optional<std::int64_t> position;
    if (change.place != transition::placement::keep && !(change.next_of_group && keeps_order(with, queue)))
        position = with.next_position(queue, change.place);
    const int rows = with.sql().exec(
        "UPDATE cofila_jobs SET state = ?3, attempts_made = ?4, stalled_count = ?5, "
        "run_at = iif(state = 0 AND ?15 IS NOT NULL, run_at, ?6), finished_at = ?7, "
        "result = ?8, failed_reason = ?9, prune_at = ?10, prune_count = ?11, position = coalesce(?12, position), "
        "locked_until = NULL, deferrals = ?14, priority = coalesce(?15, priority), due_at = coalesce(?16, due_at), "
        "cancelled = NULL WHERE key = ?1 AND queue = ?13 AND " COFILA_FENCE " AND (cancelled IS NULL OR ?3 > 3)",
        key,
        token,
        static_cast<int>(change.to),
        change.attempts_made,
        change.stalled_count,
        change.run_at,
        change.finished_at,
        result,
        change.failed_reason,
        change.prune_at,
        change.prune_count,
        position,
        queue,
        change.deferrals,
        change.priority,
        change.due_at
    );
    if (rows == 0)
        return moved::no;
    if (token.empty())  // a locked job is never a kept one
        with.sql().exec(
            "UPDATE cofila_jobs SET kept_for = NULL WHERE key = ?1 AND kept_for IS NOT NULL AND run_at IS NOT ?2",
            key,
            time_point::max()
        );
    if (change.frees_dedup)
        end_of_owner(with, queue, key, *change.finished_at, news);
    if (change.remove && erase_finished(with, queue, key, *change.finished_at, news))
        return moved::gone;
    if (long_result)
        insert_bodies(with, key, nullptr, &change.result);
    keep_the_rest(with, queue, key, change);
    return moved::yes;
}

bool move_and_tell(
    session& with,
    std::int64_t queue,
    const job_record& job,
    const std::string& token,
    const transition& change,
    job_news::cause why,
    news_list& news
)
{
    const auto entry = news.size();
    news.push_back({.why = why, .job = moved_by(job, change), .was = job.state});
    const auto what = move_job(with, queue, job.key, token, change, news);
    if (what == moved::no)
        news.pop_back();
    else
        news[entry].gone = what == moved::gone;
    return what != moved::no;
}

void erase_job(session& with, std::int64_t queue, std::int64_t key, news_list& news)
{
    with.sql().exec("DELETE FROM cofila_bodies WHERE job = ?1", key);
    with.sql().exec("DELETE FROM cofila_attempts WHERE job = ?1", key);
    with.sql().exec("DELETE FROM cofila_logs WHERE job = ?1", key);
    with.sql().exec("DELETE FROM cofila_jobs WHERE key = ?1", key);
    free_kept(with, queue, key, news);
}

bool erase_finished(session& with, std::int64_t queue, std::int64_t key, time_point now, news_list& news)
{
    const bool gone = !holds_on(with, key, now);
    if (gone)
        erase_job(with, queue, key, news);
    else
        with.sql().exec("UPDATE cofila_jobs SET prune_at = dedup_until WHERE key = ?1", key);
    return gone;
}

void erase_and_tell(session& with, std::int64_t queue, job_record job, job_news::cause why, news_list& news)
{
    const auto key = job.key;
    const auto was = job.state;
    news.push_back({.why = why, .job = std::make_shared<const job_record>(std::move(job)), .was = was, .gone = true});
    erase_job(with, queue, key, news);
}

int promote_due(session& with, std::int64_t queue, time_point now, int limit, news_list& news)
{
    std::vector<job_record> due;
    {
        auto row = with.sql().query(
            "SELECT " COFILA_JOB_COLUMNS " FROM cofila_jobs WHERE queue = ?1 AND state = 1 AND run_at <= ?2 "
            "ORDER BY run_at, position LIMIT ?3",
            queue,
            now,
            limit
        );
        while (row.step())
            due.push_back(read_job(with, row));
    }
    for (auto& job : due) {
        with.sql().exec("UPDATE cofila_jobs SET state = 0, due_at = run_at WHERE key = ?1", job.key);
        const auto change = domain::after_promotion(job);
        news.push_back({.why = job_news::cause::due, .job = moved_by(std::move(job), change), .was = job_state::delayed}
        );
    }
    return static_cast<int>(due.size());
}

}  // namespace cofila::sqlite
