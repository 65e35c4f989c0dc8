// The operations that add jobs.
#include <utility>

#include "domain/dedup.hpp"
#include "domain/generated_id.hpp"
#include "memory/claiming.hpp"
#include "memory/repository.hpp"

namespace cofila::memory {

namespace asio = boost::asio;
using cause = job_news::cause;

namespace {

void replace(stored_queue& queue, const stored_job* job, news_list& news)
{
    if (!job)
        return;
    news.push_back({.why = cause::replaced, .job = snapshot(job->record), .was = job->record.state, .gone = true});
    queue.remove(job->record.key, news);
}

}  // namespace

asio::awaitable<add_answer> repository::add(std::vector<job_draft> jobs)
{
    check_open();
    add_answer answer;
    for (const auto& job : jobs)
        answer.rows.push_back(add_one(*job, answer.news));
    co_return answer;
}

asio::awaitable<add_answer> repository::add_and_claim(job_draft job, time_point now, claim_order order)
{
    check_open();
    add_answer answer;
    answer.rows.push_back(add_one(*job, answer.news));
    answer.claimed = claim(open_queue(order.queue), order, now, answer.news).claimed;
    co_return answer;
}

added_row repository::add_one(const job_record& job, news_list& news)
{
    auto& to = open_queue(job.queue);
    if (const auto* existing = to.find(job.id)) {
        auto there = snapshot(existing->record);
        news.push_back({.why = cause::duplicated, .job = there, .was = there->state});
        return {.job = std::move(there), .duplicate = true};
    }
    auto stored = job;
    domain::assign_key(stored, ++last_key_);
    if (job.options->dedup)
        return add_owner(to, std::move(stored), news);
    added_row row{.job = snapshot(to.add(std::move(stored)))};
    news.push_back({.why = cause::added, .job = row.job});
    return row;
}

added_row repository::add_owner(stored_queue& to, job_record job, news_list& news)
{
    const auto* owner = to.owner_of(job.options->dedup->id);
    const auto plan = domain::deduplicate(owner ? &owner->record : nullptr, job);
    const auto key = owner ? owner->record.key : 0;
    added_row row;
    if (plan.extend_owner)
        to.change(key, [&](stored_job& held) { held.record.dedup_until = job.dedup_until; });
    if (plan.release_owner)
        to.let_go(key);
    if (plan.remove_kept)
        replace(to, to.kept_for(key), news);
    if (plan.keep)
        domain::keep_for(job, key);
    if (plan.remove_owner)
        replace(to, owner, news);
    if (plan.defers_to_owner()) {
        row.deduplicated_by = owner->record.id;
        auto& told = news.emplace_back(job_news{.why = cause::deduplicated, .job = snapshot(owner->record)});
        told.was = owner->record.state;
        if (plan.keep)
            told.kept = job.id;
    }
    row.job = snapshot(plan.add ? to.add(std::move(job)) : owner->record);
    if (plan.add)
        news.push_back({.why = cause::added, .job = row.job});
    return row;
}

}  // namespace cofila::memory
