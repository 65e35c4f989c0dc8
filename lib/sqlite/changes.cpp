#include <utility>

#include "domain/transitions.hpp"
#include "sqlite/claiming.hpp"
#include "sqlite/dedup.hpp"
#include "sqlite/forgetting.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/queries.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// The fence of writes that leave a job in its state: the token of its lock, or an empty one for a job that is not
/// locked.
#define COFILA_FENCE "((?2 <> '' AND token = ?2 AND state = 2) OR (?2 = '' AND state <> 2))"

/// Reads the row behind the fence, whose only column is `cancelled`. No row means that the fence held.
fenced_write fenced(bound_statement row)
{
    fenced_write out{.stored = row.step()};
    if (out.stored && !row.is_null(0))
        out.cancelled = row.text(0);
    return out;
}

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

job_snapshot moved_by(job_record job, const transition& change)
{
    domain::apply(job, change);
    return std::make_shared<const job_record>(std::move(job));
}

bool ask_to_end(session& with, const job_record& job, const transition& change, job_news::cause why, news_list& news)
{
    const int asked = with.sql().exec(
        "UPDATE cofila_jobs SET cancelled = ?2 WHERE key = ?1 AND state = 2", job.key, *change.cancelled
    );
    if (asked != 0)
        news.push_back({.why = why, .job = moved_by(job, change), .was = job.state});
    return asked != 0;
}

/// Carries out what a rule decides about a change from outside. Returns false if nothing was changed.
bool carry_out(
    session& with,
    std::int64_t queue,
    const job_record& job,
    const transition& change,
    job_news::cause why,
    news_list& news
)
{
    if (change.to == job.state && change.remove) {
        erase_and_tell(with, queue, job, why, news);
        return true;
    }
    if (change.cancelled)
        return ask_to_end(with, job, change, why, news);
    if (!move_and_tell(with, queue, job, {}, change, why, news))
        return false;
    if (job.state == job_state::completed)
        with.sql().exec("UPDATE cofila_bodies SET result = NULL WHERE job = ?1", job.key);
    return true;
}

}  // namespace

std::int64_t key_of(session& with, std::optional<std::int64_t> queue, const job_ref& job)
{
    if (job.key != 0 || !queue)
        return job.key;
    auto row = with.sql().query("SELECT key FROM cofila_jobs WHERE queue = ?1 AND id = ?2", *queue, job.id.str());
    return row.step() ? row.number(0) : 0;
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
    const auto place = news.size();
    news.push_back({.why = why, .job = moved_by(job, change), .was = job.state});
    const auto what = move_job(with, queue, job.key, token, change, news);
    if (what == moved::no)
        news.pop_back();
    else
        news[place].gone = what == moved::gone;
    return what != moved::no;
}

void erase_and_tell(session& with, std::int64_t queue, job_record job, job_news::cause why, news_list& news)
{
    const auto key = job.key;
    const auto was = job.state;
    news.push_back({.why = why, .job = std::make_shared<const job_record>(std::move(job)), .was = was, .gone = true});
    erase_job(with, queue, key, news);
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

fenced_write update_progress(session& with, const job_ref& job, const std::string& progress)
{
    const auto number = with.find_queue(job.queue);
    return fenced(with.sql().query(
        "UPDATE cofila_jobs SET progress = ?3 WHERE key = ?1 AND queue = ?4 AND " COFILA_FENCE " RETURNING cancelled",
        key_of(with, number, job),
        job.token,
        progress,
        number
    ));
}

fenced_write update_data(session& with, const job_ref& job, const std::string& data)
{
    const bool apart = data.size() > longest_inline;
    const auto* const text = apart ? nullptr : &data;
    const auto number = with.find_queue(job.queue);
    const auto key = key_of(with, number, job);
    auto written = fenced(with.sql().query(
        "UPDATE cofila_jobs SET data = ?3 WHERE key = ?1 AND queue = ?4 AND " COFILA_FENCE " RETURNING cancelled",
        key,
        job.token,
        text,
        number
    ));
    if (written.stored)
        replace_body(with, key, text ? nullptr : &data);
    return written;
}

fenced_write add_log(session& with, const job_ref& job, const log_line& line, int keep)
{
    const auto number = with.find_queue(job.queue);
    const auto key = key_of(with, number, job);
    auto written = fenced(with.sql().query(
        "SELECT cancelled FROM cofila_jobs WHERE key = ?1 AND queue = ?3 AND " COFILA_FENCE, key, job.token, number
    ));
    if (!written.stored)
        return written;
    with.sql().exec(
        "INSERT INTO cofila_logs SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3 FROM cofila_logs WHERE job = ?1",
        key,
        line.at,
        line.text
    );
    with.sql().exec(
        "DELETE FROM cofila_logs WHERE job = ?1 AND sequence <= (SELECT max(sequence) FROM cofila_logs WHERE job = ?1) "
        "- ?2",
        key,
        keep
    );
    return written;
}

bool set_paused(session& with, const std::string& queue, bool paused)
{
    const auto number = with.find_or_make_queue(queue);
    return with.sql().exec(
               "UPDATE cofila_queues SET paused = ?2 WHERE number = ?1 AND paused <> ?2", number, int{paused}
           ) != 0;
}

change_answer change(session& with, const std::string& queue, const job_id& id, const job_change& what, time_point now)
{
    const auto number = with.find_queue(queue);
    const auto job = number ? find_job(with, *number, id) : std::nullopt;
    if (!job)
        return {};
    change_answer answer{.was = job->state};
    if (const auto next = domain::after_change(*job, what, now))
        carry_out(with, *number, *job, *next, domain::cause_of(what), answer.news);
    if (auto left = find_job(with, job->key))
        answer.job = std::make_shared<const job_record>(std::move(*left));
    return answer;
}

changed_page change_all(
    session& with,
    const std::string& queue,
    const job_filter& filter,
    const page_request& request,
    const job_change& what,
    time_point now
)
{
    auto jobs = list(with, queue, filter, request);
    changed_page out{.next = std::move(jobs.next)};
    const auto why = domain::cause_in_bulk(what);
    for (const auto& job : jobs.items)
        if (const auto next = domain::after_change(*job, what, now))
            out.changed += carry_out(with, *with.find_queue(queue), *job, *next, why, out.news) ? 1 : 0;
    return out;
}

bool reset_queue(session& with, const std::string& queue)
{
    const auto number = with.find_queue(queue);
    if (!number)
        return false;
    forget_queue(with, *number);
    return true;
}

bool register_worker(session& with, const worker_row& worker)
{
    return with.sql().exec(
               "INSERT OR REPLACE INTO cofila_workers VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
               worker.id,
               worker.process.boot_id,
               static_cast<std::int64_t>(worker.process.pid_namespace),
               worker.process.pid,
               static_cast<std::int64_t>(worker.process.start_time),
               worker.started_at
           ) != 0;
}

bool forget_worker(session& with, const std::string& id)
{
    return with.sql().exec("DELETE FROM cofila_workers WHERE id = ?1", id) != 0;
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
