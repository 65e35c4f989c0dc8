// A claim from a queue with groups: the group with the best priority is served next, between equals the one served
// longest ago; jobs without a group form one line, which is served like a group. The groups that may run are kept in
// this order by the tables, with the place of the next job of each, so that a claim need not look at all of them. It
// reads them ahead, with their jobs, since a group that was served comes back behind all others of its priority, and
// locks the jobs it takes together. A group whose rate is found to be used up when its turn comes rests until there is
// room; a claim first wakes those whose time has come, and all of them if a clock was set back by more than a window.
// The first job of a group may be early by this process's clock: then the group stands in this claim where its first
// other job stands. A job that is unfit is failed when its turn comes, and uses up no turn. Turn numbers are stored, so
// that the order is the same for all processes and after a restart. Everything happens in the claim's transaction:
// where it fails, no turn is used up.
#include "store/turns.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "domain/transitions.hpp"

namespace cofila::store {

namespace {

constexpr std::int64_t ungrouped = 0;

domain::turn place_of(const job_record& job) { return {job.priority, job.position}; }

bool stands_behind(const group_turn& a, const group_turn& b)
{
    const auto place = [](const group_turn& of) {
        return std::tuple{of.turn.next.first, of.turn.served, of.turn.next.second, of.number};
    };
    return place(a) > place(b);
}

class turns {
public:
    turns(const claim_step& claim, const turn_limits& within, int room) : claim_{claim}, within_{within}, room_{room}
    {
        rate_ = within.limits.group.rate;
        ungrouped_served_ = claim.db.last_turn_of_ungrouped(claim.queue);
    }

    bool run()
    {
        if (rate_)
            wake();
        bool all = false;
        while (left() > 0 && !claim_.out.stopped && !all) {
            auto next = first();
            all = !next;
            if (!next || uses_up_its_rate(*next) || !read_job(*next))
                continue;
            if (domain::unfit(*next->job, claim_.now))
                end(*next);
            else
                take(std::move(*next));
        }
        lock_taken();
        return all;
    }

private:
    int left() const { return room_ - static_cast<int>(claim_.out.claimed.size()); }

    /// A note after the time of this claim means that a clock was set back: then the times at which rates have room are
    /// not to be trusted.
    void wake()
    {
        const bool set_back = claim_.db.any_claim_after(claim_.queue, within_.at);
        claim_.db.wake_groups(claim_.queue, set_back ? time_point::max() : within_.at);
    }

    /// Moves out the one that is served next: whatever becomes of it, nothing is left to be served in its place.
    std::optional<group_turn> first()
    {
        std::vector<group_turn*> found;
        if (auto* const kept = first_kept())
            found.push_back(kept);
        for (auto& [number, group] : early_)
            if (group)
                found.push_back(&*group);
        if (auto* const line = first_ungrouped())
            found.push_back(line);
        std::vector<domain::waiting_group> waiting;
        for (const auto* const one : found)
            waiting.push_back(one->turn);
        const auto* const next = domain::first_to_serve(waiting);
        return next ? std::optional{std::move(*found[static_cast<std::size_t>(next - waiting.data())])} : std::nullopt;
    }

    /// The first group in the kept order whose next job is not known to be early; null if there is none.
    group_turn* first_kept()
    {
        while (true) {
            while (!kept_.empty() && early_.contains(kept_.front().number))
                kept_.pop_front();
            if (!kept_.empty())
                return &kept_.front();
            if (knows_groups_)
                return nullptr;
            read_on();
        }
    }

    /// A group that was served has its next place behind all of the same priority that were read before.
    void read_on()
    {
        lock_taken();
        claim_.db.refresh_turns();
        auto some = claim_.db.best_groups(claim_.queue, last_kept_, std::min(ahead_, left()), claim_.now);
        ahead_ = std::min(2 * ahead_, room_);
        // Damaged values may read as smaller ones.
        knows_groups_ = some.empty() || (last_kept_ && !stands_behind(some.back(), *last_kept_));
        if (knows_groups_)
            return;
        last_kept_ = {.number = some.back().number, .turn = some.back().turn};
        kept_.assign(std::move_iterator{some.begin()}, std::move_iterator{some.end()});
    }

    /// Null if there is none. Read again only after one of these was taken or a job was ended.
    group_turn* first_ungrouped()
    {
        if (!knows_ungrouped_) {
            lock_taken();
            auto line = claim_.db.best(claim_.queue, 1, claim_.now).jobs;
            ungrouped_.reset();
            if (!line.empty())
                ungrouped_ = {
                    .turn = {.served = ungrouped_served_, .next = place_of(*line.front())},
                    .job = std::move(*line.front())
                };
            knows_ungrouped_ = true;
        }
        return ungrouped_ ? &*ungrouped_ : nullptr;
    }

    bool uses_up_its_rate(const group_turn& group)
    {
        if (!rate_ || group.number == ungrouped)
            return false;
        const auto room = room_within(claim_.db, claim_.queue, &group.turn.key, *rate_, within_.at);
        if (room.jobs > 0)
            return false;
        claim_.db.rest_group(group.number, *room.again);
        leave_line(group.number);
        return true;
    }

    /// Returns false if the group's first job that is not early stands elsewhere than its kept place says: then it is
    /// noted where the group stands in this claim. The job is read again then, since an end may bring others forward.
    bool read_job(group_turn& next)
    {
        if (!next.job)
            next.job = claim_.db.first_in_group(claim_.queue, next.number, claim_.now);
        if (next.job && place_of(*next.job) == next.turn.next)
            return true;
        auto& early = early_[next.number];
        early.reset();
        if (next.job)
            early = {
                .number = next.number,
                .turn = {.key = next.turn.key, .served = next.turn.served, .next = place_of(*next.job)}
            };
        return false;
    }

    void take(group_turn next)
    {
        const auto number = next.number;
        claim_.take(std::make_shared<job_record>(std::move(*next.job)));
        taken_.push_back(number);
        const auto served = claim_.db.note_turn(claim_.queue, number);
        if (within_.limits.rate || (rate_ && number != ungrouped))
            claim_.db.note_claims(claim_.queue, next.turn.key, within_.at, 1);
        if (number == ungrouped) {
            ungrouped_served_ = served;
            knows_ungrouped_ = false;
        } else {
            leave_line(number);
        }
    }

    /// Other jobs move up, and one that was kept for its end may come before all of them.
    void end(const group_turn& unfit)
    {
        lock_taken();
        claim_.end_if_unfit(*unfit.job);
        early_.erase(unfit.number);
        knows_ungrouped_ = false;
        begin_anew();
    }

    /// A group that was early has its kept place before those that were read.
    void leave_line(std::int64_t group)
    {
        knows_groups_ = false;
        if (early_.erase(group) != 0)
            begin_anew();
        else
            kept_.pop_front();
    }

    void begin_anew()
    {
        knows_groups_ = false;
        kept_.clear();
        last_kept_.reset();
        ahead_ = 1;
    }

    void lock_taken()
    {
        if (taken_.empty())
            return;
        claim_.db.lock(claim_.queue, std::span{claim_.out.claimed}.last(taken_.size()), taken_, false);
        taken_.clear();
    }

    const claim_step& claim_;
    const turn_limits& within_;
    const int room_;
    std::optional<rate_limit> rate_{};
    std::int64_t ungrouped_served_ = 0;
    bool knows_ungrouped_ = false;
    std::optional<group_turn> ungrouped_{};
    std::deque<group_turn> kept_{};          // read ahead
    std::optional<group_turn> last_kept_{};  // the last of them that was read
    int ahead_ = room_;                      // how many are read next
    bool knows_groups_ = false;              // no more are to be read
    /// Groups whose first job is early, and where the first that is not stands; unset if all are.
    std::map<std::int64_t, std::optional<group_turn>> early_{};
    std::vector<std::int64_t> taken_{};  // the groups of the last jobs taken, which are not locked yet
};

}  // namespace

bool claim_in_turns(const claim_step& claim, const turn_limits& within, int room)
{
    return turns{claim, within, room}.run();
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
