// Takes the next jobs of a queue, in one transaction that holds the write lock, so that limits need no locks of their
// own. First comes how many may be taken at all: none while the queue is paused or rests, else as many as the global
// concurrency (counted from active rows) and the rate (summed from the claims noted) leave room for. A queue with
// groups is served in turns by turns.cpp; any other gives its jobs by priority and position. A job that is damaged or
// has expired is failed on the way, at most 1000 in one claim, so that it never stands in the way of others and the
// transaction stays short. The claims are then noted for the rates, under a time that is never before the newest note.
// A claim that comes back short also returns when it is worth asking again. `find_nothing` decides the same by reading
// alone: an idle worker must not take the write lock to learn that there is nothing.
#include "store/claiming.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "domain/fetch_plan.hpp"
#include "domain/limits.hpp"
#include "store/turns.hpp"

namespace cofila::store {

namespace {

std::optional<time_point> earlier(std::optional<time_point> a, std::optional<time_point> b)
{
    return a && b ? std::min(*a, *b) : a ? a : b;
}

/// Takes the best jobs that may run. Damaged and expired ones are failed, so that they never stand in the way of
/// others. The search begins anew after that: other jobs move up, and one that was kept for the end of a failed one may
/// come before them.
void claim_in_order(const claim_step& claim, int room)
{
    for (bool again = room > 0; again;) {
        again = false;
        auto best = claim.db.best(claim.queue, room, claim.now);
        std::vector<std::shared_ptr<job_record>> fit;
        for (auto& job : best.jobs) {
            if (!claim.end_if_unfit(*job)) {
                fit.push_back(std::move(job));
                continue;
            }
            again = !claim.out.stopped;
            if (claim.out.stopped || job->options->dedup)
                break;
        }
        if (again || fit.empty())
            continue;
        for (auto& job : fit)
            claim.take(std::move(job));
        const auto taken = std::span{claim.out.claimed}.last(fit.size());
        claim.db.lock(claim.queue, taken, {}, best.in_a_row && !claim.out.stopped);
    }
}

/// What limits a claim at one moment.
class situation_of_claim {
public:
    situation_of_claim(tables& db, std::int64_t queue, int wanted, time_point now)
        : db_{db},
          queue_{queue},
          wanted_{wanted},
          now_{now},
          stored_{db.settings(queue)},
          window_{domain::longest_window(stored_.settings)}
    {
        if (!window_)
            return;
        std::vector<domain::claim_note> newest;
        if (const auto at = db.newest_claim(queue, now + *window_))
            newest.push_back({.at = *at});
        at_ = domain::time_of_claim(newest, *window_, now);
    }

    const queue_settings& limits() const { return stored_.settings; }
    bool grouped() const { return stored_.grouped; }
    bool rests() const { return limits().paused || (limits().rests_until && *limits().rests_until > now_); }
    turn_limits within() const { return {limits(), at_}; }

    domain::claim_room room() const
    {
        const auto& concurrency = limits().concurrency;
        const int active = concurrency ? db_.active_jobs(queue_) : 0;
        const auto room = domain::room_for(wanted_, concurrency, active, {}, {}, at_);
        return limits().rate ? room_within(db_, queue_, nullptr, *limits().rate, at_, room.jobs) : room;
    }

    /// Whether the end of another job may make room for more than was claimed.
    bool limited(std::size_t claimed) const
    {
        return std::cmp_less(claimed, wanted_) && (limits().concurrency || limits().group.concurrency);
    }

    /// When a group that lacks nothing but its rate has room.
    std::optional<time_point> first_rest() const { return limits().group.rate ? db_.first_rest(queue_) : std::nullopt; }

    /// When a claim may find more.
    std::optional<time_point> next(std::optional<time_point> again) const
    {
        const bool waiting = db_.any_waiting(queue_, now_);
        const auto early = waiting ? std::nullopt : db_.first_early(queue_, now_);
        const auto due = earlier(db_.first_due(queue_), early);
        return domain::next_look(due, limits().rests_until, again, waiting, now_);
    }

    void note(const std::vector<job_snapshot>& claimed) const
    {
        if (!window_ || claimed.empty())
            return;
        if (limits().rate && !grouped())
            db_.note_claims(queue_, "", at_, static_cast<int>(claimed.size()));
        db_.forget_claims(queue_, at_ - *window_);
    }

private:
    tables& db_;
    const std::int64_t queue_;
    const int wanted_;
    const time_point now_;
    const stored_settings stored_;
    const std::optional<milliseconds> window_;
    time_point at_ = now_;
};

}  // namespace

taken claim(tables& db, std::int64_t queue, const claim_order& order, time_point now, news_list& news)
{
    db.refresh_turns();
    const situation_of_claim here{db, queue, static_cast<int>(order.tokens.size()), now};
    std::optional<time_point> again;
    taken out;
    if (!here.rests()) {
        const auto room = here.room();
        again = room.again;
        const claim_step step{.db = db, .queue = queue, .order = order, .now = now, .out = out, .news = news};
        if (!here.grouped())
            claim_in_order(step, room.jobs);
        else if (claim_in_turns(step, here.within(), room.jobs))
            again = earlier(again, here.first_rest());
        if (out.stopped)
            again = now;
        here.note(out.claimed);
        out.limited = here.limited(out.claimed.size());
    }
    if (out.claimed.size() < order.tokens.size())
        out.next = here.next(again);
    return out;
}

std::optional<taken> find_nothing(tables& db, std::int64_t queue, int wanted, time_point now)
{
    if (const auto due = db.first_due(queue); due && *due <= now)
        return {};
    const situation_of_claim here{db, queue, wanted, now};
    std::optional<time_point> again;
    taken out;
    if (!here.rests()) {
        const auto room = here.room();
        again = room.again;
        if (room.jobs > 0 && (here.grouped() ? any_turn(db, queue, here.within(), now) : db.any_waiting(queue, now)))
            return {};
        if (here.grouped() && room.jobs > 0)
            again = earlier(again, here.first_rest());
        out.limited = here.limited(0);
    }
    out.next = here.next(again);
    return out;
}

prospect claimable(tables& db, const std::string& queue, time_point now)
{
    const auto number = db.find_queue(queue);
    if (!number)
        return {};
    if (const auto nothing = find_nothing(db, *number, 1, now))
        return {.next = nothing->next};
    return {.jobs = db.count_claimable(*number, now), .next = db.first_due(*number)};
}

}  // namespace cofila::store
