#include "domain/backoff.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace cofila::domain {

namespace {

milliseconds doubled(milliseconds delay, int times, milliseconds max)
{
    auto wait = std::min(delay, max);
    for (; times > 0 && wait.count() > 0 && wait < max; --times)
        wait = wait > max / 2 ? max : wait * 2;
    return wait;
}

}  // namespace

milliseconds next_delay(const backoff& policy, int n, double draw)
{
    if (policy.type == backoff::kind::none)
        return {};
    const auto wait = policy.type == backoff::kind::exponential ? doubled(policy.delay, n - 1, policy.max)
                                                                : std::min(policy.delay, policy.max);
    // The jitter is subtracted, not the delay scaled, so that a wait too long for a double keeps its last digits.
    const auto off = static_cast<double>(wait.count()) * policy.jitter * std::clamp(draw, 0.0, 1.0);
    if (!(off > 0))  // also if it is NaN
        return std::max(milliseconds{}, wait);
    return std::max(milliseconds{}, wait - std::min(wait, milliseconds{std::llround(std::min(off, 9e18))}));
}

}  // namespace cofila::domain
