#include "memory/claiming.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

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

class claiming {
public:
    claiming(stored_queue& queue, const claim_order& order, time_point now, news_list& news)
        : queue_{queue},
          order_{order},
          now_{now},
          news_{news},
          window_{domain::longest_window(queue.settings)},
          at_{window_ ? domain::time_of_claim(past_claims(queue, nullptr), *window_, now) : now}
    {}

    taken run()
    {
        const auto& limits = queue_.settings;
        if (queue_.rests(now_))
            return {};
        const auto wanted = static_cast<int>(order_.tokens.size());
        const auto room = domain::room_for(
            wanted, limits.concurrency, active_jobs(queue_, nullptr), limits.rate, past_claims(queue_, nullptr), at_
        );
        if (room.jobs < wanted)
            note_again(room);
        claim_up_to(room.jobs);
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

    void claim_up_to(int jobs)
    {
        while (!stopped_ && std::cmp_less(out_.claimed.size(), jobs)) {
            const auto* job = queue_.grouped ? next_in_turn() : first_waiting();
            if (!job) {
                note_group_rates();
                return;
            }
            if (const auto end = domain::unfit(*job, now_))
                end_unfit(*job, *end);
            else
                take(*job);
        }
    }

    void end_unfit(const job_record& job, const transition& end)
    {
        stopped_ = ended_++ >= domain::most_ended;
        if (stopped_)
            out_.again = now_;
        else
            queue_.carry_out(job.key, end, job_news::cause::unfit, news_);
    }

    void take(const job_record& job)
    {
        queue_.change(job.key, [&](stored_job& locked) {
            locked.not_before.reset();
            domain::lock(locked.record, order_.tokens[out_.claimed.size()], order_.worker, order_.lock_duration, now_);
        });
        out_.claimed.push_back(snapshot(job));
        if (queue_.settings.rate || (queue_.settings.group.rate && job.options->group))
            ++queue_.claims[{at_, group_of(job)}];
        if (queue_.grouped)
            note_turn(group_of(job));
    }

    void note_turn(const std::string& group)
    {
        std::int64_t last = 0;
        for (const auto& [key, turn] : queue_.served)
            last = std::max(last, turn);
        queue_.served[group] = last + 1;
    }

    /// The first job that is not early, fit or not; null if there is none.
    const job_record* first_waiting() const
    {
        for (const auto& [at, key] : queue_.jobs_in(job_state::waiting))
            if (const auto& job = queue_.at(key); !is_early(job, now_))
                return &job.record;
        return nullptr;
    }

    /// The same of each group.
    std::map<std::string, const job_record*> first_of_groups() const
    {
        std::map<std::string, const job_record*> out;
        for (const auto& [at, key] : queue_.jobs_in(job_state::waiting))
            if (const auto& job = queue_.at(key); !is_early(job, now_))
                out.emplace(group_of(job.record), &job.record);
        return out;
    }

    /// The first job of the group whose turn it is; null if no group may run one.
    const job_record* next_in_turn()
    {
        const auto jobs = first_of_groups();
        std::vector<waiting_group> groups;
        for (const auto& [key, job] : jobs)
            if (room_of(key).jobs > 0)
                groups.push_back({.key = key, .served = queue_.served[key], .next = place_of(*job)});
        const auto* group = domain::first_to_serve(groups);
        return group ? jobs.at(group->key) : nullptr;
    }

    /// The room for one more job of the group.
    claim_room room_of(const std::string& group) const
    {
        const auto& limits = queue_.settings.group;
        if (group.empty())
            return {.jobs = 1};
        if (limits.keep_order && in_the_middle(queue_, group))
            return {};
        const int active = limits.concurrency ? active_jobs(queue_, &group) : 0;
        return domain::room_for(1, limits.concurrency, active, limits.rate, past_claims(queue_, &group), at_);
    }

    /// Notes when the first of the groups has room that have something waiting and lack nothing but their rate.
    void note_group_rates()
    {
        std::set<std::string> groups;
        for (const auto& [at, key] : queue_.jobs_in(job_state::waiting))
            groups.insert(group_of(queue_.at(key).record));
        for (const auto& group : groups)
            note_again(room_of(group));
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
    bool stopped_ = false;  // enough jobs have ended
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
    job_situation out{.job = snapshot(job), .settings = queue.settings, .last_claim = last_claim(queue)};
    out.queue = use_of(queue, nullptr, queue.settings.rate, now);
    if (job.options->group) {
        out.group = use_of(queue, &*job.options->group, queue.settings.group.rate, now);
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
    return domain::next_look(due, queue.settings.rests_until, again, waiting, now);
}

}  // namespace cofila::memory
