#include "domain/renewal_plan.hpp"

#include <algorithm>

namespace cofila::domain {

std::optional<steady_time> next_renewal(std::span<const steady_time> asked_at, const lock_timing& timing)
{
    if (asked_at.empty())
        return {};
    return std::ranges::min(asked_at) + (timing.duration - timing.buffer);
}

bool may_renew(std::optional<steady_time> ended_at, steady_time now, const lock_timing& timing)
{
    return !ended_at || now - *ended_at < 10 * timing.duration;
}

steady_time::duration pause_after_look(steady_time::duration took)
{
    return std::max<steady_time::duration>(milliseconds{50}, 20 * took);
}

bool must_be_lost(steady_time asked_at, steady_time now, const lock_timing& timing)
{
    return now - asked_at >= timing.duration;
}

}  // namespace cofila::domain
