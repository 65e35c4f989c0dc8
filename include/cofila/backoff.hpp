#pragma once
#include <cofila/time.hpp>

#include <chrono>

namespace cofila {

/// How long a failed job waits for its next attempt, and a rescued one for its next run.
struct backoff {
    enum class kind { none, fixed, exponential };

    kind type = kind::none;
    milliseconds delay{};  ///< `fixed`: each wait; `exponential`: the first wait, doubled every time. >= 0.
    milliseconds max = std::chrono::hours{1};  ///< No wait is longer. >= 0.
    double jitter = 0;                         ///< 0 ... 1: a wait d becomes a random one in [d * (1 - jitter), d].

    static backoff none() { return {}; }
    static backoff fixed(milliseconds delay) { return {.type = kind::fixed, .delay = delay}; }
    static backoff exponential(milliseconds delay) { return {.type = kind::exponential, .delay = delay}; }

    friend bool operator==(const backoff&, const backoff&) = default;
};

}  // namespace cofila
