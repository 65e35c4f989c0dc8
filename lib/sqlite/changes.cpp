#include <utility>

#include "domain/transitions.hpp"
#include "sqlite/jobs.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

/// The fence of writes that leave a job where it is: its lock's token, or none for a job that nobody has locked.
#define COFILA_FENCE "((?2 <> '' AND token = ?2 AND state = 2) OR (?2 = '' AND state <> 2))"

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

/// What `retry` and `promote` have in common: find, judge, move.
template <class Judge>
change_answer change(session& with, const std::string& queue, const job_id& id, Judge judge)
{
    const auto number = with.find_queue(queue);
    auto job = number ? find_job(with, *number, id) : std::nullopt;
    if (!job)
        return {};
    change_answer answer{.found = true, .was = job->state};
    if (const auto next = judge(*job)) {
        answer.done = move_job(with, *number, job->key, {}, *next);
        job = find_job(with, job->key).value();
    }
    answer.job = std::make_shared<const job_record>(std::move(*job));
    return answer;
}

}  // namespace

std::int64_t key_of(session& with, std::optional<std::int64_t> queue, const job_ref& job)
{
    if (job.key != 0 || !queue)
        return job.key;
    auto row = with.sql().query("SELECT key FROM cofila_jobs WHERE queue = ?1 AND id = ?2", *queue, job.id.str());
    return row.step() ? row.number(0) : 0;
}

bool move_job(session& with, std::int64_t queue, std::int64_t key, const std::string& token, const transition& change)
{
    const bool long_result = change.result.size() > longest_inline;
    const auto* const result = long_result ? nullptr : &change.result;
    std::optional<std::int64_t> position;
    if (change.place != transition::placement::keep)
        position = with.next_position(queue, change.place);
    const int moved = with.sql().exec(
        "UPDATE cofila_jobs SET state = ?3, attempts_made = ?4, stalled_count = ?5, run_at = ?6, finished_at = ?7, "
        "result = ?8, "
        "failed_reason = ?9, prune_at = ?10, prune_count = ?11, position = coalesce(?12, position), locked_until = "
        "NULL "
        "WHERE key = ?1 AND queue = ?13 AND " COFILA_FENCE,
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
        queue
    );
    if (moved == 0)
        return false;
    if (change.remove) {
        erase_job(with, key);
        return true;
    }
    if (long_result)
        insert_bodies(with, key, nullptr, &change.result);
    if (change.failed_attempt)
        keep_attempt(with, key, *change.failed_attempt, change.keep_attempts);
    return true;
}

void erase_job(session& with, std::int64_t key)
{
    with.sql().exec("DELETE FROM cofila_bodies WHERE job = ?1", key);
    with.sql().exec("DELETE FROM cofila_attempts WHERE job = ?1", key);
    with.sql().exec("DELETE FROM cofila_logs WHERE job = ?1", key);
    with.sql().exec("DELETE FROM cofila_jobs WHERE key = ?1", key);
}

bool update_progress(session& with, const std::string& queue, const job_ref& job, const std::string& progress)
{
    const auto number = with.find_queue(queue);
    return number && with.sql().exec(
                         "UPDATE cofila_jobs SET progress = ?3 WHERE key = ?1 AND queue = ?4 AND " COFILA_FENCE,
                         key_of(with, number, job),
                         job.token,
                         progress,
                         *number
                     ) != 0;
}

bool add_log(session& with, const std::string& queue, const job_ref& job, const log_line& line, int keep)
{
    const auto number = with.find_queue(queue);
    const auto key = key_of(with, number, job);
    {
        auto fence = with.sql().query(
            "SELECT 1 FROM cofila_jobs WHERE key = ?1 AND queue = ?3 AND " COFILA_FENCE, key, job.token, number
        );
        if (!fence.step())
            return false;
    }
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
    return true;
}

bool set_paused(session& with, const std::string& queue, bool paused)
{
    const auto number = with.find_or_make_queue(queue);
    return with.sql().exec(
               "UPDATE cofila_queues SET paused = ?2 WHERE number = ?1 AND paused <> ?2", number, int{paused}
           ) != 0;
}

change_answer remove(session& with, const std::string& queue, const job_id& id)
{
    const auto number = with.find_queue(queue);
    if (!number)
        return {};
    std::int64_t key = 0;
    change_answer answer;
    {
        auto row =
            with.sql().query("SELECT key, state FROM cofila_jobs WHERE queue = ?1 AND id = ?2", *number, id.str());
        if (!row.step())
            return {};
        key = row.number(0);
        answer = {.found = true, .was = static_cast<job_state>(row.number(1))};
    }
    if (answer.was == job_state::active)
        return answer;
    erase_job(with, key);
    answer.done = true;
    return answer;
}

change_answer retry(session& with, const std::string& queue, const job_id& id, retry_options options)
{
    auto answer = change(with, queue, id, [&](const job_record& job) {
        return is_finished(job.state) ? std::optional{domain::after_retry(job, options)} : std::nullopt;
    });
    if (answer.done && answer.was == job_state::completed)
        with.sql().exec("UPDATE cofila_bodies SET result = NULL WHERE job = ?1", answer.job->key);
    return answer;
}

change_answer promote(session& with, const std::string& queue, const job_id& id)
{
    return change(with, queue, id, [](const job_record& job) {
        return job.state == job_state::delayed ? std::optional{domain::after_promotion(job)} : std::nullopt;
    });
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

std::vector<due_job> promote_due(session& with, std::int64_t queue, time_point now, int limit)
{
    std::vector<due_job> out;
    {
        auto row = with.sql().query(
            "SELECT key, id FROM cofila_jobs WHERE queue = ?1 AND state = 1 AND run_at <= ?2 ORDER BY run_at, position "
            "LIMIT ?3",
            queue,
            now,
            limit
        );
        while (row.step())
            out.push_back({.key = row.number(0), .id = job_id{row.text(1)}});
    }
    for (const auto& job : out)
        with.sql().exec("UPDATE cofila_jobs SET state = 0, run_at = NULL WHERE key = ?1", job.key);
    return out;
}

}  // namespace cofila::sqlite
