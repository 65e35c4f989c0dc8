// A claim from a queue with groups: the group with the best priority is served next, between equals the one served
// longest ago; jobs without a group form one line, which is served like a group. The groups that may run are kept in
// this order by the tables, with the place of the next job of each, so that a claim need not look at all of them. A
// group whose rate is found to be used up when its turn comes rests until there is room; a claim first wakes those
// whose time has come, and all of them if a clock was set back by more than a window. The first job of a group may be
// early by this process's clock: then the group stands in this claim where its first other job stands. A job that is
// unfit is failed when its turn comes, and uses up no turn. Turn numbers are stored, so that the order is the same for
// all processes and after a restart. Everything happens in the claim's transaction: where it fails, no turn is used up.
#include "store/turns.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace cofila::store {

namespace {

constexpr std::int64_t ungrouped = 0;

domain::turn place_of(const job_record& job) { return {job.priority, job.position}; }

/// A job whose turn it is.
struct candidate {
    group_turn group{};
    std::optional<job_record> job{};  ///< Set if it was read already.
};

class turns {
public:
    turns(const claim_step& claim, const turn_limits& within) : claim_{claim}, within_{within}
    {
        rate_ = within.limits.group.rate;
        ungrouped_served_ = claim.db.last_turn_of_ungrouped(claim.queue);
    }

    bool run(int room)
    {
        if (rate_)
            wake();
        while (std::cmp_less(claim_.out.claimed.size(), room) && !claim_.out.stopped) {
            auto next = first();
            if (!next)
                return true;
            if (uses_up_its_rate(next->group) || !read_job(*next))
                continue;
            const bool unfit = claim_.end_if_unfit(*next->job);
            knows_ungrouped_ = knows_ungrouped_ && !unfit && next->group.number != ungrouped;
            if (!unfit)
                take(*next);
            claim_.db.refresh_turns();
        }
        return false;
    }

private:
    /// A note after the time of this claim means that a clock was set back: then the times at which rates have room are
    /// not to be trusted.
    void wake()
    {
        const bool set_back = claim_.db.any_claim_after(claim_.queue, within_.at);
        claim_.db.wake_groups(claim_.queue, set_back ? time_point::max() : within_.at);
    }

    /// The one that is served next.
    std::optional<candidate> first()
    {
        std::vector<candidate> found;
        const auto kept = claim_.db.best_groups(claim_.queue, static_cast<int>(early_.size()) + 1);
        const auto best = std::ranges::find_if(kept, [&](const auto& one) { return !early_.contains(one.number); });
        if (best != kept.end())
            found.push_back({.group = *best});
        for (const auto& [number, group] : early_)
            if (group)
                found.push_back({.group = *group});
        if (const auto& job = first_ungrouped())
            found.push_back(
                {.group = {.number = ungrouped, .turn = {.served = ungrouped_served_, .next = place_of(*job)}},
                 .job = job}
            );
        std::vector<domain::waiting_group> waiting;
        for (const auto& one : found)
            waiting.push_back(one.group.turn);
        const auto* const next = domain::first_to_serve(waiting);
        return next ? std::optional{std::move(found[static_cast<std::size_t>(next - waiting.data())])} : std::nullopt;
    }

    /// Read again only after one of these was taken or a job was ended.
    const std::optional<job_record>& first_ungrouped()
    {
        if (!knows_ungrouped_) {
            auto line = claim_.db.best(claim_.queue, 1, claim_.now).jobs;
            ungrouped_ = line.empty() ? std::nullopt : std::optional{std::move(line.front())};
            knows_ungrouped_ = true;
        }
        return ungrouped_;
    }

    bool uses_up_its_rate(const group_turn& group)
    {
        if (!rate_ || group.number == ungrouped)
            return false;
        const auto room = room_within(claim_.db, claim_.queue, &group.turn.key, *rate_, within_.at);
        if (room.jobs > 0)
            return false;
        claim_.db.rest_group(group.number, *room.again);
        early_.erase(group.number);
        return true;
    }

    /// Returns false if the group's first job that is not early stands elsewhere than its kept place says: then it is
    /// noted where the group stands in this claim.
    bool read_job(candidate& next)
    {
        if (next.job)
            return true;
        auto& group = next.group;
        next.job = claim_.db.first_in_group(claim_.queue, group.number, claim_.now);
        if (next.job && place_of(*next.job) == group.turn.next) {
            early_.erase(group.number);
            return true;
        }
        if (next.job)
            group.turn.next = place_of(*next.job);
        early_[group.number] = next.job ? std::optional{group} : std::nullopt;
        return false;
    }

    void take(candidate& next)
    {
        const auto number = next.group.number;
        std::vector<job_record> one;
        one.push_back(std::move(*next.job));
        claim_.take(std::move(one), number, false);
        const auto served = claim_.db.note_turn(claim_.queue, number);
        if (number == ungrouped)
            ungrouped_served_ = served;
        if (within_.limits.rate || (rate_ && number != ungrouped))
            claim_.db.note_claims(claim_.queue, next.group.turn.key, within_.at, 1);
    }

    const claim_step& claim_;
    const turn_limits& within_;
    std::optional<rate_limit> rate_{};
    std::int64_t ungrouped_served_ = 0;
    bool knows_ungrouped_ = false;
    std::optional<job_record> ungrouped_{};
    /// Groups whose first job is early, and where the first that is not stands; unset if all are.
    std::map<std::int64_t, std::optional<group_turn>> early_{};
};

}  // namespace

bool claim_in_turns(const claim_step& claim, const turn_limits& within, int room)
{
    return turns{claim, within}.run(room);
}

bool any_turn(tables& db, std::int64_t queue, const turn_limits& within, time_point now)
{
    if (db.any_ready_group(queue) || !db.best(queue, 1, now).jobs.empty())
        return true;
    if (!within.limits.group.rate)
        return false;
    const auto rest = db.first_rest(queue);
    return rest && (*rest <= within.at || db.any_claim_after(queue, within.at));
}

}  // namespace cofila::store
