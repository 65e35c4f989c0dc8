#include "memory/claiming.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "domain/fetch_plan.hpp"
#include "domain/limits.hpp"
#include "domain/transitions.hpp"

namespace cofila::memory {

namespace {

using domain::claim_note;
using domain::claim_room;
using domain::waiting_group;

bool is_early(const stored_job& job, time_point now) { return job.not_before && *job.not_before > now; }

std::string group_of(const job_record& job) { return job.options->group.value_or(""); }

/// The claims of one group, or of all if `group` is null.
std::vector<claim_note> past_claims(const stored_queue& queue, const std::string* group)
{
    std::vector<claim_note> out;
    for (const auto& [when, jobs] : queue.claims)
        if (!group || when.second == *group)
            out.push_back({.at = when.first, .jobs = jobs});
    return out;
}

int active_jobs(const stored_queue& queue, const std::string* group)
{
    const auto& active = queue.jobs_in(job_state::active);
    return static_cast<int>(std::ranges::count_if(active, [&](const auto& row) {
        return !group || group_of(queue.at(row.second).record) == *group;
    }));
}

/// Whether a job of the group was tried before and is waiting to be tried again: it is the next one.
bool in_the_middle(const stored_queue& queue, const std::string& group)
{
    return std::ranges::any_of(queue.jobs_in(job_state::delayed), [&](const auto& row) {
        const auto& job = queue.at(row.second).record;
        return group_of(job) == group && job.attempts_started > 0;
    });
}

stored_queue::order::const_iterator nth(const stored_queue::order& rows, int number)
{
    return std::next(rows.begin(), std::min<std::ptrdiff_t>(number, std::ssize(rows)));
}

class claiming {
public:
    claiming(stored_queue& queue, const claim_order& order, time_point now, news_list& news)
        : queue_{queue},
          order_{order},
          now_{now},
          news_{news},
          window_{domain::longest_window(queue.limits)},
          at_{window_ ? domain::time_of_claim(past_claims(queue, nullptr), *window_, now) : now}
    {}

    taken run()
    {
        const auto& limits = queue_.limits;
        if (queue_.rests(now_))
            return {};
        const auto wanted = static_cast<int>(order_.tokens.size());
        const auto room = domain::room_for(
            wanted, limits.concurrency, active_jobs(queue_, nullptr), limits.rate, past_claims(queue_, nullptr), at_
        );
        if (room.jobs < wanted)
            note_again(room);
        if (queue_.grouped)
            claim_in_turns(room.jobs);
        else
            for (int left = room.jobs; left > 0 && take(nullptr); --left) {}
        out_.limited =
            static_cast<int>(out_.claimed.size()) < wanted && (limits.concurrency || limits.group.concurrency);
        forget_old_claims();
        return std::move(out_);
    }

private:
    void note_again(const claim_room& room)
    {
        if (room.again)
            out_.again = out_.again ? std::min(*out_.again, *room.again) : room.again;
    }

    /// The next job that may run. Jobs before it that must not run are failed here.
    const job_record* next(const std::string* group)
    {
        const auto& waiting = queue_.jobs_in(job_state::waiting);
        for (;;) {
            const auto last = group && group->empty() ? nth(waiting, domain::most_passed) : waiting.end();
            const auto found = std::find_if(waiting.begin(), last, [&](const auto& row) {
                const auto& job = queue_.at(row.second);
                return !is_early(job, now_) && (!group || group_of(job.record) == *group);
            });
            if (found == last)
                return nullptr;
            const auto& job = queue_.at(found->second).record;
            const auto end = domain::unfit(job, now_);
            if (!end)
                return &job;
            if (ended_++ >= domain::most_ended) {
                out_.again = now_;
                return nullptr;
            }
            queue_.carry_out(job.key, *end, job_news::cause::unfit, news_);
        }
    }

    bool take(const std::string* group)
    {
        const auto* job = next(group);
        if (!job)
            return false;
        queue_.change(job->key, [&](stored_job& locked) {
            locked.not_before.reset();
            domain::lock(locked.record, order_.tokens[out_.claimed.size()], order_.worker, order_.lock_duration, now_);
        });
        out_.claimed.push_back(snapshot(*job));
        if (queue_.limits.rate || (queue_.limits.group.rate && job->options->group))
            ++queue_.claims[{at_, group_of(*job)}];
        return true;
    }

    claim_room room_of(const std::string& group) const
    {
        const auto wanted = static_cast<int>(order_.tokens.size());
        const auto& limits = queue_.limits.group;
        if (group.empty())
            return {.jobs = wanted};
        if (limits.keep_order && in_the_middle(queue_, group))
            return {};
        return domain::room_for(
            wanted, limits.concurrency, active_jobs(queue_, &group), limits.rate, past_claims(queue_, &group), at_
        );
    }

    std::vector<waiting_group> waiting_groups()
    {
        std::set<std::string> keys;
        for (const auto& [at, key] : queue_.jobs_in(job_state::waiting))
            keys.insert(group_of(queue_.at(key).record));
        std::vector<waiting_group> out;
        for (const auto& key : keys) {
            const auto room = room_of(key);
            if (room.jobs < static_cast<int>(order_.tokens.size()))
                note_again(room);
            if (room.jobs == 0)
                continue;
            if (const auto* job = next(&key))
                out.push_back({.key = key, .served = queue_.served[key], .room = room.jobs, .next = place_of(*job)});
        }
        return out;
    }

    void claim_in_turns(int jobs)
    {
        domain::serve(waiting_groups(), jobs, [&](const waiting_group& group) -> std::optional<domain::turn> {
            take(&group.key);
            auto last = queue_.served[group.key];
            for (const auto& [key, turn] : queue_.served)
                last = std::max(last, turn);
            queue_.served[group.key] = last + 1;
            const auto* job = next(&group.key);
            return job ? std::optional{place_of(*job)} : std::nullopt;
        });
    }

    void forget_old_claims()
    {
        if (window_ && !out_.claimed.empty())
            std::erase_if(queue_.claims, [&](const auto& entry) { return entry.first.first <= at_ - *window_; });
    }

    stored_queue& queue_;
    const claim_order& order_;
    const time_point now_;
    news_list& news_;
    const std::optional<milliseconds> window_;
    const time_point at_;  // the time under which the rates count the claim
    std::size_t ended_ = 0;
    taken out_{};
};

}  // namespace

taken claim(stored_queue& queue, const claim_order& order, time_point now, news_list& news)
{
    return claiming{queue, order, now, news}.run();
}

namespace {

constexpr std::size_t most_holders = 10;

limit_use use_of(
    const stored_queue& queue, const std::string* group, const std::optional<rate_limit>& rate, time_point now
)
{
    limit_use out{.active = active_jobs(queue, group)};
    for (const auto& [at, key] : queue.jobs_in(job_state::active)) {
        const auto& job = queue.at(key).record;
        if (out.holders.size() < most_holders && (!group || group_of(job) == *group))
            out.holders.push_back(job.id);
    }
    const auto room = domain::room_for(1, {}, 0, rate, past_claims(queue, group), now);
    if (room.jobs == 0)
        out.full_until = room.again;
    return out;
}

/// The latest claim among the active jobs, the job completed last and the job failed last.
std::optional<time_point> last_claim(const stored_queue& queue)
{
    std::optional<time_point> last;
    const auto note = [&](std::int64_t key) { last = std::max(last, queue.at(key).record.processed_at); };
    for (const auto& [at, key] : queue.jobs_in(job_state::active))
        note(key);
    for (const auto state : {job_state::completed, job_state::failed})
        if (const auto& finished = queue.jobs_in(state); !finished.empty())
            note(finished.rbegin()->second);
    return last;
}

}  // namespace

job_situation situation_of(const stored_queue& queue, const job_record& job, time_point now)
{
    job_situation out{.job = snapshot(job), .limits = queue.limits, .last_claim = last_claim(queue)};
    out.queue = use_of(queue, nullptr, queue.limits.rate, now);
    if (job.options->group) {
        out.group = use_of(queue, &*job.options->group, queue.limits.group.rate, now);
        out.group_retries = in_the_middle(queue, *job.options->group);
    }
    if (const auto* owner = job.kept_for != 0 ? queue.find(job.kept_for) : nullptr)
        out.owner = owner->record.id;
    const auto& waiting = queue.jobs_in(job_state::waiting);
    if (job.state == job_state::waiting)
        out.ahead = static_cast<std::size_t>(std::distance(waiting.begin(), waiting.find(place_of(job))));
    return out;
}

std::optional<time_point> first_due(const stored_queue& queue)
{
    const auto& delayed = queue.jobs_in(job_state::delayed);
    if (delayed.empty())
        return {};
    return queue.at(delayed.begin()->second).record.run_at;
}

std::optional<time_point> next_claim(const stored_queue& queue, std::optional<time_point> again, time_point now)
{
    bool waiting = false;
    std::optional<time_point> early;
    for (const auto& [at, key] : queue.jobs_in(job_state::waiting)) {
        const auto& job = queue.at(key);
        if (!is_early(job, now))
            waiting = true;
        else
            early = early ? std::min(*early, *job.not_before) : job.not_before;
    }
    auto due = first_due(queue);
    if (early && !waiting)
        due = due ? std::min(*due, *early) : early;
    return domain::next_look(due, queue.limits.rests_until, again, waiting, now);
}

}  // namespace cofila::memory
