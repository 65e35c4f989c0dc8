#include "domain/renewal_plan.hpp"

#include <algorithm>

namespace cofila::domain {

std::optional<steady_time> next_renewal(std::span<const steady_time> asked_at, const lock_timing& timing)
{
    if (asked_at.empty())
        return {};
    return std::ranges::min(asked_at) + (timing.duration - timing.buffer);
}

bool must_be_lost(steady_time asked_at, steady_time now, const lock_timing& timing)
{
    return now - asked_at >= timing.duration;
}

}  // namespace cofila::domain
