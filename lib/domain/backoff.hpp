#pragma once
#include <cofila/backoff.hpp>

namespace cofila::domain {

/// The wait before the next run. `n` is 1 for the first (attempts made, with the failed one counted, or the stalled
/// count); `draw` in [0, 1] picks the place within the jitter. Saturates at `policy.max`; never negative.
milliseconds next_delay(const backoff& policy, int n, double draw);

}  // namespace cofila::domain
