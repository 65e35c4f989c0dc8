#pragma once
#include <cofila/limits.hpp>

#include <optional>
#include <vector>

namespace cofila::sim {

/// The claims of one queue, and what its rate limit says of them. Processes differ in their clocks: a claim is noted at
/// the time of its own, but not before those that were noted earlier, if these are less than a window ahead.
class pace {
public:
    /// From now on. What an earlier limit allowed is not held against another one.
    void set(std::optional<rate_limit> limit);
    const std::optional<rate_limit>& limit() const noexcept { return limit_; }

    /// The number of jobs that may still be claimed; unset if there is no limit.
    std::optional<int> room(time_point now) const;
    /// When there is more room again, if all that there is is taken.
    time_point next_room(time_point now) const;
    /// One more is claimed. `seen`: by the world's time, where all clocks show it. False: that is too many.
    bool take(time_point now, std::optional<time_point> seen);

private:
    struct note {
        time_point at;
        bool before_set = false;
    };

    time_point time_of(time_point now) const;
    bool counts(const note& one, time_point at) const;

    std::optional<rate_limit> limit_{};
    std::vector<note> notes_{};
    std::vector<time_point> seen_{};
};

}  // namespace cofila::sim
