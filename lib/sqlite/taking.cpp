#include "sqlite/taking.hpp"

#include <cofila/error.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "domain/transitions.hpp"
#include "sqlite/moving.hpp"

namespace cofila::sqlite {

namespace {

std::string group_of(const job_record& job) { return job.options->group.value_or(""); }

}  // namespace

void end_unfit(session& with, std::int64_t queue, const job_record& job, const transition& change, news_list& news)
{
    if (!move_and_tell(with, queue, job, {}, change, job_news::cause::unfit, news))
        throw error{errc::storage_corrupt, "an index of the file does not agree with its table"};
}

job_snapshot lock_job(session& with, job_record job, const claim_order& order, std::size_t number, time_point now)
{
    domain::lock(job, order.tokens[number], order.worker, order.lock_duration, now);
    with.sql().exec(
        "UPDATE cofila_jobs SET state = 2, run_at = NULL, token = ?2, locked_until = ?3, lock_duration = ?4, "
        "processed_at = ?5, "
        "worker = ?6, attempts_started = ?7 WHERE key = ?1",
        job.key,
        job.token,
        job.locked_until,
        job.lock_duration,
        job.processed_at,
        job.worker,
        job.attempts_started
    );
    return std::make_shared<const job_record>(std::move(job));
}

std::vector<domain::claim_note> past_claims(session& with, std::int64_t queue, const std::string* group)
{
    std::vector<domain::claim_note> out;
    auto row =
        group
            ? with.sql().query(
                  "SELECT at, jobs FROM cofila_claim_log WHERE queue = ?1 AND group_key = ?2 ORDER BY at", queue, *group
              )
            : with.sql().query("SELECT at, jobs FROM cofila_claim_log WHERE queue = ?1", queue);
    while (row.step())
        out.push_back(
            {.at = time_point{milliseconds{row.number(0)}}, .jobs = std::max(0, static_cast<int>(row.number(1)))}
        );
    if (!group)  // the primary key orders by group first
        std::ranges::sort(out, {}, &domain::claim_note::at);
    return out;
}

void note_claims(
    session& with,
    std::int64_t queue,
    const queue_limits& limits,
    const std::vector<job_snapshot>& claimed,
    time_point at,
    milliseconds window
)
{
    std::map<std::string, int> jobs;
    for (const auto& job : claimed)
        if (limits.rate || job->options->group)  // the others count for no rate
            ++jobs[group_of(*job)];
    for (const auto& [group, count] : jobs)
        with.sql().exec(
            "INSERT INTO cofila_claim_log VALUES (?1, ?2, ?3, ?4) "
            "ON CONFLICT (queue, group_key, at) DO UPDATE SET jobs = jobs + excluded.jobs",
            queue,
            group,
            at,
            count
        );
    with.sql().exec("DELETE FROM cofila_claim_log WHERE queue = ?1 AND at <= ?2", queue, at - window);
}

}  // namespace cofila::sqlite
