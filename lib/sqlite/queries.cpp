#include "sqlite/queries.hpp"

#include <utility>

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

}  // namespace cofila::sqlite
