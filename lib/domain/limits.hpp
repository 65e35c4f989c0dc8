#pragma once
#include <cofila/limits.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace cofila::domain {

/// So many jobs were claimed at that time.
struct claim_note {
    time_point at{};
    int jobs = 0;
};

/// How many jobs a limit lets be claimed now.
struct claim_room {
    int jobs = 0;
    std::optional<time_point> again{};  ///< Where it is a matter of time: when there is room for more.
};

/// Of `wanted` jobs, with so many `active`; `past` are the claims of at least the rate's window, oldest first.
claim_room room_for(
    int wanted,
    std::optional<int> concurrency,
    int active,
    const std::optional<rate_limit>& rate,
    std::span<const claim_note> past,
    time_point now
);

/// Claims from before this count no more. A clock that was set back must not stop a queue: what lies further ahead than
/// a window does not count either.
bool counts(const claim_note& note, const rate_limit& rate, time_point now);

/// So long back claims may count for one of a queue's rates; nothing where it has none.
std::optional<milliseconds> longest_window(const queue_limits& limits);

/// The time that a claim counts for: never before that of an earlier one which counts, so that claims whose times are
/// not in the order of their transactions exceed no rate.
time_point time_of_claim(std::span<const claim_note> past, milliseconds window, time_point now);

/// Where a job stands in its queue: priority, position.
using turn = std::pair<std::int64_t, std::int64_t>;

/// The jobs of one key that wait.
struct waiting_group {
    std::string key{};        ///< Empty: those without a group.
    std::int64_t served = 0;  ///< Greater for those that were served later; 0: never.
    int room = 0;             ///< So many of its jobs may be claimed now.
    turn next{};              ///< The job that is its next.
};

/// Jobs without a group are looked for among so many of those that wait: they have no index of their own.
inline constexpr int most_passed = 1000;

/// Serves the groups in turns, `jobs` times at most: best priority first, then the group that was served longest ago.
/// `take` claims the next job of a group, and answers where the one after it stands.
void serve(
    std::vector<waiting_group> groups, int jobs, const std::function<std::optional<turn>(const waiting_group&)>& take
);

}  // namespace cofila::domain
