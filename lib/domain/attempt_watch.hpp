#pragma once
#include <cofila/time.hpp>

#include <optional>

namespace cofila::domain {

/// An attempt without a timeout that runs so long is told of.
inline constexpr milliseconds long_run = std::chrono::hours{1};

/// An attempt that runs, as its worker watches it.
struct watched_attempt {
    milliseconds running{};
    std::optional<milliseconds> timeout{};
    std::optional<milliseconds> asked_to_end{};  ///< So long ago; not at a shutdown, which has a time of its own.
    bool told_of = false;                        ///< As one that runs long.
};

enum class alarm { none, timed_out, stuck, long_running };

struct attempt_look {
    alarm what = alarm::none;
    milliseconds next{};  ///< Where it is none: look again after so long.
};

attempt_look look_at(const watched_attempt& attempt, milliseconds stuck_after);

}  // namespace cofila::domain
