#include "store/changing.hpp"

#include <memory>
#include <utility>

#include "domain/transitions.hpp"
#include "store/moving.hpp"
#include "store/reading.hpp"

namespace cofila::store {

namespace {

/// Carries out what a rule decides about a change from outside.
void carry_out(
    tables& db,
    std::int64_t queue,
    const job_record& job,
    const transition& change,
    job_news::cause why,
    news_list& news
)
{
    if (change.to == job.state && change.remove)
        return erase(db, queue, job, why, news);
    if (!change.cancelled)
        return move(db, queue, job, change, why, news);
    db.ask_to_end(job, *change.cancelled);
    news.push_back({.why = why, .job = moved_by(job, change), .was = job.state});
}

}  // namespace

change_answer change(tables& db, const std::string& queue, const job_id& id, const job_change& change, time_point asked)
{
    const auto now = db.now(asked);
    const auto number = db.find_queue(queue);
    const auto job = number ? db.find(*number, id) : std::nullopt;
    if (!job)
        return {};
    change_answer answer{.was = job->state};
    if (const auto next = domain::after_change(*job, change, now))
        carry_out(db, *number, *job, *next, domain::cause_of(change), answer.news);
    if (auto left = db.find(job->key))
        answer.job = std::make_shared<const job_record>(std::move(*left));
    return answer;
}

changed_page change_all(
    tables& db,
    const std::string& queue,
    const job_filter& filter,
    const page_request& request,
    const job_change& change,
    time_point asked
)
{
    const auto now = db.now(asked);
    auto jobs = list(db, queue, filter, request);
    changed_page out{.next = std::move(jobs.next)};
    const auto why = domain::cause_in_bulk(change);
    for (const auto& listed : jobs.items) {
        const auto job = db.find(listed->key);  // as the changes before this one have left it
        const auto next = job ? domain::after_change(*job, change, now) : std::nullopt;
        if (!next)
            continue;
        carry_out(db, *db.find_queue(queue), *job, *next, why, out.news);
        ++out.changed;
    }
    return out;
}

void set(tables& db, const std::string& queue, const queue_setting& setting)
{
    db.set(db.find_or_make_queue(queue), setting);
}

bool set_paused(tables& db, const std::string& queue, bool paused)
{
    return db.set_paused(db.find_or_make_queue(queue), paused);
}

void reset_queue(tables& db, const std::string& queue)
{
    if (const auto number = db.find_queue(queue))
        db.forget_queue(*number);
}

}  // namespace cofila::store
