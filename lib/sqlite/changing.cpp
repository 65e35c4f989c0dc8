#include "sqlite/changing.hpp"

#include <memory>
#include <utility>

#include "domain/transitions.hpp"
#include "sqlite/moving.hpp"
#include "sqlite/queries.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

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
            if (carry_out(with, *with.find_queue(queue), *job, *next, why, out.news))
                ++out.changed;
    return out;
}

}  // namespace cofila::sqlite
