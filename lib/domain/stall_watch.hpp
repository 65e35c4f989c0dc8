#pragma once
#include <cofila/repository/lock.hpp>

#include <map>
#include <optional>
#include <vector>

namespace cofila::domain {

/// Decides which locks a sweep takes away. A lock counts as stalled when its end has passed by the wall clock and this
/// watch has itself seen it unchanged for the lock's duration of steady time, so that a step of the wall clock stalls
/// no job; or at once when the process of its worker is known to be dead.
class stall_watch {
public:
    struct view {
        lock_row lock{};
        bool owner_dead = false;
    };

    /// `locks` are all locks there are: one that is missing has been given up and is forgotten.
    std::vector<lock_row> stalled(const std::vector<view>& locks, time_point wall, steady_time steady);

    /// The earliest time at which one of the locks seen can be stalled.
    std::optional<steady_time> next_check() const { return next_; }

private:
    struct sighting {
        std::string token{};
        time_point locked_until{};
        steady_time since{};
    };

    std::map<std::int64_t, sighting> seen_{};
    std::optional<steady_time> next_{};
};

}  // namespace cofila::domain
