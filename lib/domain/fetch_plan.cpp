#include "domain/fetch_plan.hpp"

#include <algorithm>

namespace cofila::domain {

namespace {

/// Two questions that each have this many jobs or more take turns: while the store works on one, the jobs of the other
/// run. Smaller ones would only cause more commits.
constexpr int smallest_share = 25;
constexpr int most_asking = 2;

}  // namespace

fetch_plan plan_fetch(const fetch_situation& s)
{
    const int slots = s.concurrency + s.prefetch;
    const int free = s.open ? std::max(0, slots - s.taken) : 0;
    const bool due = s.next_due && *s.next_due <= s.now;
    const bool in_turns = slots >= most_asking * smallest_share;
    const int share = in_turns ? slots / most_asking : slots;
    const bool may_claim = free > 0 && (s.maybe_work || due);
    const int settle = std::min(s.unsettled, share);
    const int claim = std::min(free, share);
    const bool large = settle >= smallest_share || (may_claim && claim >= smallest_share);
    fetch_plan plan{.wait = s.poll_interval};
    if ((settle > 0 || may_claim) && (s.asking == 0 || (in_turns && large && s.asking < most_asking))) {
        plan.ask = true;
        plan.settle = settle;
        plan.claim = claim;
        plan.more = may_claim && claim < free;
        plan.go_on = in_turns;
    } else if (free > 0 && s.next_due && s.asking == 0) {
        plan.wait = std::min(plan.wait, *s.next_due - s.now);
    }
    return plan;
}

std::optional<time_point> next_look(
    std::optional<time_point> first_due,
    std::optional<time_point> rests_until,
    std::optional<time_point> again,
    bool waiting,
    time_point now
)
{
    // A job that is kept for the end of another has no date.
    auto next = first_due == time_point::max() ? std::nullopt : first_due;
    if (waiting && again)
        next = next ? std::min(*next, *again) : again;
    if (!rests_until || *rests_until <= now)
        return next;
    if (waiting)
        return rests_until;
    return next ? std::optional{std::max(*next, *rests_until)} : std::nullopt;
}

}  // namespace cofila::domain
