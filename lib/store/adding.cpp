// Jobs of one queue are handed to the tables together, so that they can share statements. Jobs with a deduplication id
// are added one after the other, since each may depend on those before it.
#include "store/adding.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "domain/dedup.hpp"
#include "domain/generated_id.hpp"
#include "store/moving.hpp"

namespace cofila::store {

namespace {

using cause = job_news::cause;
using new_jobs = std::span<const job_draft>;

void tell(add_answer& answer, added_row row)
{
    const auto& job = row.job;
    if (row.duplicate)
        answer.news.push_back({.why = cause::duplicated, .job = job, .was = job->state});
    else
        answer.news.push_back({.why = cause::added, .job = job});
    answer.rows.push_back(std::move(row));
}

void add_rows(tables& db, std::int64_t queue, new_jobs jobs, add_answer& out)
{
    const auto stored = db.insert(queue, jobs);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (stored[i]) {
            tell(out, {.job = jobs[i]});
            continue;
        }
        auto there = std::make_shared<const job_record>(db.find(queue, jobs[i]->id).value());
        tell(out, {.job = std::move(there), .duplicate = true});
    }
}

void replace(tables& db, std::int64_t queue, std::optional<job_record> job, news_list& news)
{
    if (job)
        erase(db, queue, std::move(*job), cause::replaced, news);
}

job_news deduplicated(const job_record& owner)
{
    return {.why = cause::deduplicated, .job = std::make_shared<const job_record>(owner), .was = owner.state};
}

/// Makes way for a new job with a deduplication id, and prepares `row` and `job` for it. Returns false if the job is
/// not to be added; `row` then says why.
bool make_way(tables& db, std::int64_t queue, job_record& job, added_row& row, news_list& news)
{
    auto owner = db.find_owner(queue, job.options->dedup->id);
    const auto plan = domain::deduplicate(owner ? &*owner : nullptr, job);
    if (plan.extend_owner) {
        owner->dedup_until = job.dedup_until;
        db.hold_until(owner->key, owner->dedup_until);
    }
    if (plan.release_owner)
        db.let_go(owner->key);
    if (plan.remove_kept)
        replace(db, queue, db.find_kept(owner->key), news);
    if (plan.keep)
        domain::keep_for(job, owner->key);
    if (plan.remove_owner)
        replace(db, queue, owner, news);
    if (plan.defers_to_owner()) {
        row.deduplicated_by = owner->id;
        news.push_back(deduplicated(*owner));
        if (plan.keep)
            news.back().kept = job.id;
    }
    if (!plan.add)
        row.job = news.back().job;
    return plan.add;
}

/// Adds one job after the other, since each may depend on those before it: as copies, since what becomes of a job is
/// decided anew when the transaction was rolled back.
void add_with_owners(tables& db, std::int64_t queue, new_jobs jobs, add_answer& out)
{
    for (const auto& job : jobs) {
        added_row row;
        const job_draft stored[] = {std::make_shared<job_record>(*job)};
        domain::assign_key(*stored[0], db.next_key());
        const bool asks = job->options->dedup && db.key_of(queue, job->id) == 0;
        if (!asks || make_way(db, queue, *stored[0], row, out.news)) {
            add_rows(db, queue, stored, out);
            out.rows.back().deduplicated_by = std::move(row.deduplicated_by);
        } else {
            out.rows.push_back(std::move(row));
        }
    }
}

void add_to(tables& db, std::int64_t queue, new_jobs jobs, add_answer& out)
{
    if (std::ranges::any_of(jobs, [](const auto& job) { return job->options->dedup.has_value(); }))
        return add_with_owners(db, queue, jobs, out);
    for (const auto& job : jobs)
        domain::assign_key(*job, db.next_key());
    add_rows(db, queue, jobs, out);
}

/// The first jobs, as many as are of one queue.
new_jobs of_one_queue(new_jobs jobs)
{
    const auto other = [&](const job_draft& job) { return job->queue != jobs.front()->queue; };
    return {jobs.begin(), std::ranges::find_if(jobs, other)};
}

}  // namespace

add_answer add(tables& db, new_jobs jobs)
{
    db.check_room();
    add_answer out;
    out.rows.reserve(jobs.size());
    out.news.reserve(jobs.size());
    for (auto left = jobs; !left.empty();) {
        const auto some = of_one_queue(left);
        add_to(db, db.find_or_make_queue(some.front()->queue), some, out);
        left = left.subspan(some.size());
    }
    return out;
}

add_answer alone(added_row row)
{
    add_answer out;
    tell(out, std::move(row));
    return out;
}

}  // namespace cofila::store
