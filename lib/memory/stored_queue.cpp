#include "memory/stored_queue.hpp"

#include <algorithm>
#include <ranges>
#include <set>

#include "domain/dedup.hpp"
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

using domain::holds_on;

bool holds_lock(const job_record& job, const std::string& token)
{
    return job.state == job_state::active && job.token == token;
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

bool stored_queue::is_there() const
{
    auto set = settings;
    set.rests_until.reset();  // that ends by itself
    return !ids_.empty() || set != queue_settings{};
}

const job_record& stored_queue::add(job_record job)
{
    const auto key = job.key;
    job.position = next_position(*job.options->lifo ? transition::placement::head : transition::placement::tail);
    grouped = grouped || job.options->group;
    ids_.emplace(job.id, key);
    orders_[static_cast<std::size_t>(job.state)].emplace(place_of(job), key);
    watched.note(nullptr, &job);
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

void stored_queue::carry_out(std::int64_t key, const transition& change, news_list& news)
{
    if (change.queue_rests_until)
        settings.rests_until = std::max(settings.rests_until.value_or(time_point::min()), *change.queue_rests_until);
    const auto& held = jobs_.at(key).record;
    if (change.remove && change.to == held.state) {
        remove(key, news);
        return;
    }
    const bool held_on = change.frees_dedup && holds_on(held, *change.finished_at);
    this->change(key, [&](stored_job& job) {
        domain::apply(job.record, change);
        if (!change.priority)
            job.not_before.reset();
        const bool in_order = change.next_of_group && settings.group.keep_order;
        if (change.place != transition::placement::keep && !in_order)
            job.record.position = next_position(change.place);
        job.prune_at = held_on && change.remove ? held.dedup_until : change.prune_at;
        job.prune_count = change.prune_count;
        if (change.failed_attempt) {
            auto& attempts = job.record.attempts;
            attempts.push_back(*change.failed_attempt);
            const auto kept = std::min(attempts.size(), static_cast<std::size_t>(change.keep_attempts));
            attempts.erase(attempts.begin(), attempts.end() - static_cast<std::ptrdiff_t>(kept));
        }
    });
    if (change.frees_dedup && !held_on)
        let_go(key);
    if (change.frees_dedup)
        free_kept(key, news);
    if (change.remove && !held_on)
        remove(key, news);
}

void stored_queue::carry_out(std::int64_t key, const transition& change, job_news::cause why, news_list& news)
{
    const auto& before = jobs_.at(key).record;
    auto after = before;
    if (change.to != before.state || !change.remove)
        domain::apply(after, change);
    const auto entry = news.size();
    news.push_back({.why = why, .job = snapshot(after), .was = before.state});
    carry_out(key, change, news);
    news[entry].gone = !find(key);
}

const stored_job* stored_queue::owner_of(const std::string& dedup_id) const
{
    const auto found = std::ranges::find_if(jobs_, [&](const auto& entry) {
        const auto& job = entry.second.record;
        return job.holds_dedup && job.options->dedup->id == dedup_id;
    });
    return found == jobs_.end() ? nullptr : &found->second;
}

const stored_job* stored_queue::kept_for(std::int64_t key) const
{
    const auto found =
        std::ranges::find_if(jobs_, [&](const auto& entry) { return entry.second.record.kept_for == key; });
    return found == jobs_.end() ? nullptr : &found->second;
}

void stored_queue::let_go(std::int64_t key)
{
    change(key, [](stored_job& owner) {
        owner.record.holds_dedup = false;
        owner.record.dedup_until.reset();
    });
}

/// Called when the owner has finished or is gone.
void stored_queue::free_kept(std::int64_t owner, news_list& news)
{
    const auto* kept = kept_for(owner);
    if (!kept)
        return;
    const bool free = !owner_of(kept->record.options->dedup->id);
    change(kept->record.key, [&](stored_job& job) { job.record = domain::freed(std::move(job.record), free); });
    news.push_back({.why = job_news::cause::freed, .job = snapshot(kept->record), .was = job_state::delayed});
}

void stored_queue::remove(std::int64_t key, news_list& news)
{
    const auto& job = jobs_.at(key).record;
    watched.note(&job, nullptr);
    orders_[static_cast<std::size_t>(job.state)].erase(place_of(job));
    ids_.erase(job.id);
    jobs_.erase(key);
    free_kept(key, news);
}

bool stored_queue::remove_finished(std::int64_t key, time_point now, news_list& news)
{
    auto& job = jobs_.at(key);
    const bool held_on = holds_on(job.record, now);
    if (held_on)
        job.prune_at = job.record.dedup_until;
    else
        remove(key, news);
    return !held_on;
}

std::size_t stored_queue::promote_due(time_point now, std::size_t limit, news_list& news)
{
    std::size_t promoted = 0;
    const auto& delayed = jobs_in(job_state::delayed);
    while (promoted < limit && !delayed.empty() && delayed.begin()->first.first <= now.time_since_epoch().count()) {
        const auto key = delayed.begin()->second;
        const auto due = at(key).record.run_at;
        carry_out(key, domain::after_promotion(at(key).record), job_news::cause::due, news);
        jobs_.at(key).not_before = due;
        ++promoted;
    }
    return promoted;
}

void stored_queue::forget_all_but_jobs()
{
    settings = {};
    served.clear();
    claims.clear();
    watched.keep_events({});
    watched.keep_minutes({});
    grouped =
        std::ranges::any_of(jobs_, [](const auto& entry) { return entry.second.record.options->group.has_value(); });
}

void stored_queue::forget_groups()
{
    std::set<std::string> live{""};
    for (const auto state : {job_state::waiting, job_state::delayed, job_state::active})
        for (const auto& [at, key] : jobs_in(state))
            live.insert(jobs_.at(key).record.options->group.value_or(""));
    std::erase_if(served, [&](const auto& entry) { return !live.contains(entry.first); });
}

std::vector<std::int64_t> stored_queue::overdue(time_point now, std::size_t limit) const
{
    std::vector<std::pair<time_point, std::int64_t>> found;
    for (const auto& [key, job] : jobs_)
        if (job.record.expires_at && *job.record.expires_at <= now)
            found.emplace_back(*job.record.expires_at, key);
    std::ranges::sort(found);
    found.resize(std::min(found.size(), limit));
    std::vector<std::int64_t> keys;
    for (const auto& [at, key] : found)
        keys.push_back(key);
    return keys;
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
            const auto& job = at(key);
            take_if(key, job.prune_at && *job.prune_at <= now && !holds_on(job.record, now));
        }
        // A job that goes by its age does not count for others.
        std::int64_t finished_after = 0;
        for (const auto& [finished, key] : std::views::reverse(jobs_in(state))) {
            if (keys.contains(key))
                continue;
            const auto& prune_count = at(key).prune_count;
            take_if(key, prune_count && finished_after >= *prune_count && !holds_on(at(key).record, now));
            ++finished_after;
        }
    }
    return {keys.begin(), keys.end()};
}

}  // namespace cofila::memory
