#include "memory/stored_queue.hpp"

#include <algorithm>
#include <ranges>
#include <set>

#include "domain/transitions.hpp"

namespace cofila::memory {

place place_of(const job_record& job)
{
    switch (job.state) {
    case job_state::waiting:
        return {job.priority, job.position};
    case job_state::delayed:
        return {job.run_at->time_since_epoch().count(), job.position};
    case job_state::completed:
    case job_state::failed:
        return {job.finished_at->time_since_epoch().count(), job.key};
    case job_state::active:
    case job_state::waiting_children:
        break;
    }
    return {0, job.key};
}

job_snapshot snapshot(const job_record& job)
{
    auto copy = std::make_shared<job_record>(job);
    copy->attempts.clear();
    return copy;
}

std::int64_t stored_queue::next_position(transition::placement where)
{
    return where == transition::placement::head ? --head_ : ++tail_;
}

const job_record& stored_queue::add(job_record job)
{
    const auto key = job.key;
    job.position = next_position(*job.options->lifo ? transition::placement::head : transition::placement::tail);
    ids_.emplace(job.id, key);
    orders_[static_cast<std::size_t>(job.state)].emplace(place_of(job), key);
    return jobs_.emplace(key, stored_job{.record = std::move(job)}).first->second.record;
}

const stored_job* stored_queue::find(const job_id& id) const
{
    const auto found = ids_.find(id);
    return found == ids_.end() ? nullptr : find(found->second);
}

const stored_job* stored_queue::find(std::int64_t key) const
{
    const auto found = jobs_.find(key);
    return found == jobs_.end() ? nullptr : &found->second;
}

const stored_job* stored_queue::find(const job_ref& ref) const { return ref.key == 0 ? find(ref.id) : find(ref.key); }

void stored_queue::carry_out(std::int64_t key, const transition& change)
{
    if (change.remove) {
        remove(key);
        return;
    }
    this->change(key, [&](stored_job& job) {
        domain::apply(job.record, change);
        if (change.place != transition::placement::keep)
            job.record.position = next_position(change.place);
        job.prune_at = change.prune_at;
        job.prune_count = change.prune_count;
        if (change.failed_attempt) {
            auto& attempts = job.record.attempts;
            attempts.push_back(*change.failed_attempt);
            const auto kept = std::min(attempts.size(), static_cast<std::size_t>(change.keep_attempts));
            attempts.erase(attempts.begin(), attempts.end() - static_cast<std::ptrdiff_t>(kept));
        }
    });
}

void stored_queue::remove(std::int64_t key)
{
    const auto& job = jobs_.at(key).record;
    orders_[static_cast<std::size_t>(job.state)].erase(place_of(job));
    ids_.erase(job.id);
    jobs_.erase(key);
}

std::vector<job_id> stored_queue::promote_due(time_point now, std::size_t limit)
{
    std::vector<job_id> promoted;
    const auto& delayed = jobs_in(job_state::delayed);
    while (promoted.size() < limit && !delayed.empty() && delayed.begin()->first.first <= now.time_since_epoch().count()
    ) {
        const auto key = delayed.begin()->second;
        carry_out(key, domain::after_promotion(at(key).record));
        promoted.push_back(at(key).record.id);
    }
    return promoted;
}

std::vector<std::int64_t> stored_queue::prunable(time_point now, std::size_t limit) const
{
    std::set<std::int64_t> keys;
    const auto take_if = [&](std::int64_t key, bool over) {
        if (over && keys.size() < limit)
            keys.insert(key);
    };
    for (const auto state : {job_state::completed, job_state::failed}) {
        for (const auto& [finished, key] : jobs_in(state)) {
            const auto& prune_at = at(key).prune_at;
            take_if(key, prune_at && *prune_at <= now);
        }
        // What goes by its age counts for nobody.
        std::int64_t finished_after = 0;
        for (const auto& [finished, key] : std::views::reverse(jobs_in(state))) {
            if (keys.contains(key))
                continue;
            const auto& prune_count = at(key).prune_count;
            take_if(key, prune_count && finished_after >= *prune_count);
            ++finished_after;
        }
    }
    return {keys.begin(), keys.end()};
}

}  // namespace cofila::memory
