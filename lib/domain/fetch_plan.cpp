#include "domain/fetch_plan.hpp"

#include <algorithm>

namespace cofila::domain {

fetch_plan plan_fetch(const fetch_situation& s)
{
    const int free = s.open ? std::max(0, s.concurrency - s.running) : 0;
    const bool due = s.next_due && *s.next_due <= s.now;
    fetch_plan plan{.wait = s.poll_interval};
    if (s.unsettled || (free > 0 && (s.maybe_work || due))) {
        plan.ask = true;
        plan.claim = free;
    } else if (free > 0 && s.next_due) {
        plan.wait = std::min(plan.wait, *s.next_due - s.now);
    }
    return plan;
}

}  // namespace cofila::domain
