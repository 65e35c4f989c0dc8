#pragma once
#include <cofila/time.hpp>

#include <optional>

namespace cofila::domain {

/// An attempt without a timeout is reported once it has run this long.
inline constexpr milliseconds long_run = std::chrono::hours{1};

/// A running attempt, as its worker watches it.
struct watched_attempt {
    milliseconds running{};
    std::optional<milliseconds> timeout{};
    std::optional<milliseconds> asked_to_end{};  ///< How long ago; unset at a shutdown, which has its own time limit.
    bool told_of = false;                        ///< It was reported as running long.
};

enum class alarm { none, timed_out, stuck, long_running };

struct attempt_look {
    alarm what = alarm::none;
    milliseconds next{};  ///< If there is no alarm: when to look again.
};

attempt_look look_at(const watched_attempt& attempt, milliseconds stuck_after);

}  // namespace cofila::domain
