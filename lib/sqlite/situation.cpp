#include <utility>

#include "domain/limits.hpp"
#include "sqlite/queries.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/settings.hpp"
#include "sqlite/turns.hpp"

/// What can be known about a job that does not run.
namespace cofila::sqlite {

namespace {

constexpr int most_holders = 10;

void add_holders(limit_use& use, bound_statement rows)
{
    for (; rows.step(); ++use.active)
        if (use.active < most_holders)
            use.holders.emplace_back(rows.text(0));
}

std::optional<time_point> full_until(
    session& with, std::int64_t queue, const std::string* group, const std::optional<rate_limit>& rate, time_point now
)
{
    if (!rate)
        return {};
    const auto room = domain::room_for(1, {}, 0, rate, past_claims(with, queue, group), now);
    return room.jobs == 0 ? room.again : std::nullopt;
}

/// The latest claim among the active jobs, the job completed last and the job failed last.
std::optional<time_point> last_claim(session& with, std::int64_t queue)
{
    auto row = with.sql().query(
        "SELECT max(at) FROM (SELECT max(processed_at) AS at FROM cofila_jobs WHERE queue = ?1 AND state = 2 "
        "UNION ALL SELECT * FROM (SELECT processed_at FROM cofila_jobs WHERE queue = ?1 AND state = 4 "
        "AND finished_at IS NOT NULL ORDER BY finished_at DESC, key DESC LIMIT 1) "
        "UNION ALL SELECT * FROM (SELECT processed_at FROM cofila_jobs WHERE queue = ?1 AND state = 5 "
        "AND finished_at IS NOT NULL ORDER BY finished_at DESC, key DESC LIMIT 1))",
        queue
    );
    return row.step() ? row.time(0) : std::nullopt;
}

}  // namespace

std::optional<job_situation> situation(session& with, const std::string& queue, const job_id& id, time_point now)
{
    const auto number = with.find_queue(queue);
    auto job = number ? find_job(with, *number, id) : std::nullopt;
    if (!job)
        return {};
    job_situation out{.limits = read_limits(with, *number), .last_claim = last_claim(with, *number)};
    add_holders(
        out.queue, with.sql().query("SELECT id FROM cofila_jobs WHERE queue = ?1 AND state = 2 ORDER BY key", *number)
    );
    out.queue.full_until = full_until(with, *number, nullptr, out.limits.rate, now);
    if (const auto& group = job->options->group) {
        add_holders(  // "+": use the index of active jobs, which needs no sorting
            out.group,
            with.sql().query(
                "SELECT id FROM cofila_jobs WHERE queue = ?1 AND state = 2 AND +group_key = ?2 ORDER BY key",
                *number,
                *group
            )
        );
        out.group.full_until = full_until(with, *number, &*group, out.limits.group.rate, now);
        out.group_retries = in_the_middle(with, *number, *group);
    }
    if (job->kept_for != 0)
        if (auto owner = find_job(with, job->kept_for))
            out.owner = std::move(owner->id);
    out.ahead = position(with, queue, id).value_or(0);
    out.job = std::make_shared<const job_record>(std::move(*job));
    return out;
}

std::vector<std::optional<std::string>> cancellations(session& with, const std::vector<job_ref>& locks)
{
    std::vector<std::optional<std::string>> out;
    for (const auto& lock : locks) {
        const auto number = with.find_queue(lock.queue);
        auto row = with.sql().query(
            "SELECT cancelled FROM cofila_jobs WHERE key = ?1 AND queue = ?2 AND token = ?3 AND state = 2 "
            "AND cancelled IS NOT NULL",
            key_of(with, number, lock),
            number,
            lock.token
        );
        out.push_back(row.step() ? std::optional{row.text(0)} : std::nullopt);
    }
    return out;
}

}  // namespace cofila::sqlite
