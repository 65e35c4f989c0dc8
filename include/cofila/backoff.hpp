#pragma once
#include <cofila/time.hpp>

#include <chrono>
#include <string>
#include <utility>

namespace cofila {

/// How long a failed job waits for its next attempt, and a rescued one for its next run.
struct backoff {
    enum class kind { none, fixed, exponential, custom };

    kind type = kind::none;
    /// `fixed`: each wait. `exponential`: the first wait, doubled every time. `custom`: each wait for which the
    /// strategy is not known, as after a rescue. >= 0.
    milliseconds delay{};
    milliseconds max = std::chrono::hours{1};  ///< No wait is longer. >= 0.
    double jitter = 0;                         ///< 0 ... 1: a wait d becomes a random one in [d * (1 - jitter), d].
    std::string name{};  ///< `custom`: the name of a strategy in `worker_options::backoff_strategies`.

    static backoff none() { return {}; }
    static backoff fixed(milliseconds delay) { return {.type = kind::fixed, .delay = delay}; }
    static backoff exponential(milliseconds delay) { return {.type = kind::exponential, .delay = delay}; }

    static backoff custom(std::string name) { return {.type = kind::custom, .name = std::move(name)}; }

    friend bool operator==(const backoff&, const backoff&) = default;
};

}  // namespace cofila
