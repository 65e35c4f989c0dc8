#include "sqlite/queries.hpp"

#include <utility>

#include "sqlite/jobs.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

std::size_t count(session& with, const char* sql, std::int64_t queue)
{
    auto row = with.sql().query(sql, queue);
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

}  // namespace

std::optional<job_record> get(session& with, const std::string& queue, const job_id& id)
{
    const auto number = with.find_queue(queue);
    auto job = number ? find_job(with, *number, id) : std::nullopt;
    if (job)
        job->attempts = read_attempts(with, job->key);
    return job;
}

job_counts counts(session& with, const std::string& queue)
{
    const auto number = with.find_queue(queue);
    if (!number)
        return {};
#define COFILA_COUNT "SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND "
    return {
        .waiting = count(with, COFILA_COUNT "state = 0", *number),
        .delayed = count(with, COFILA_COUNT "state = 1", *number),
        .active = count(with, COFILA_COUNT "state = 2", *number),
        .completed = count(with, COFILA_COUNT "state = 4 AND finished_at IS NOT NULL", *number),
        .failed = count(with, COFILA_COUNT "state = 5 AND finished_at IS NOT NULL", *number),
    };
}

std::vector<std::size_t> counts_by_priority(session& with, const std::string& queue, const std::vector<int>& priorities)
{
    const auto number = with.find_queue(queue).value_or(0);
    std::vector<std::size_t> out;
    for (const int priority : priorities) {
        auto row = with.sql().query(
            "SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND priority = ?2", number, priority
        );
        out.push_back(row.step() ? static_cast<std::size_t>(row.number(0)) : 0);
    }
    return out;
}

std::optional<std::size_t> position(session& with, const std::string& queue, const job_id& id)
{
    const auto number = with.find_queue(queue);
    const auto job = number ? find_job(with, *number, id) : std::nullopt;
    if (!job || job->state != job_state::waiting)
        return {};
    auto row = with.sql().query(
        "SELECT count(*) FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND (priority, position) < (?2, ?3)",
        *number,
        job->priority,
        job->position
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

bool is_paused(session& with, const std::string& queue)
{
    auto row = with.sql().query("SELECT paused FROM cofila_queues WHERE name = ?1", queue);
    return row.step() && row.number(0) != 0;
}

namespace {

/// Reads a process from four columns.
process_identity read_process(bound_statement& row, int first)
{
    return {
        .boot_id = row.text(first),
        .pid_namespace = static_cast<std::uint64_t>(row.number(first + 1)),
        .pid = row.number(first + 2),
        .start_time = static_cast<std::uint64_t>(row.number(first + 3)),
    };
}

}  // namespace

std::vector<lock_row> locks(session& with)
{
    std::vector<lock_row> out;
    auto row =
        with.sql().query("SELECT key, token, locked_until, lock_duration, boot_id, pid_namespace, pid, start_time "
                         "FROM cofila_jobs INDEXED BY cofila_jobs_active "
                         "LEFT JOIN cofila_workers ON cofila_workers.id = cofila_jobs.worker WHERE state = 2 "
                         "AND EXISTS (SELECT 1 FROM cofila_queues WHERE number = queue)");
    while (row.step()) {
        lock_row lock{
            .key = row.number(0),
            .token = row.text(1),
            .locked_until = row.time(2).value_or(time_point{}),
            .lock_duration = read_lock_duration(row, 3),
        };
        if (!row.is_null(4))
            lock.process = read_process(row, 4);
        out.push_back(std::move(lock));
    }
    return out;
}

std::vector<worker_row> workers(session& with)
{
    std::vector<worker_row> out;
    auto row = with.sql().query("SELECT id, started_at, boot_id, pid_namespace, pid, start_time FROM cofila_workers");
    while (row.step())
        out.push_back({
            .id = row.text(0),
            .process = read_process(row, 2),
            .started_at = row.time(1).value_or(time_point{}),
        });
    return out;
}

}  // namespace cofila::sqlite
