#pragma once
#include <cofila/limits.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace cofila::domain {

/// Changes one of the settings of a queue.
void apply(queue_settings& settings, const queue_setting& setting);

/// How many jobs were claimed at a time.
struct claim_note {
    time_point at{};
    int jobs = 0;
};

/// How many jobs may be claimed now within a limit.
struct claim_room {
    int jobs = 0;
    std::optional<time_point> again{};  ///< Set if it is a matter of time: when there is room for more.
};

/// The room for `wanted` jobs while `active` ones run. `past` are the claims of at least the rate's window, oldest
/// first.
claim_room room_for(
    int wanted,
    std::optional<int> concurrency,
    int active,
    const std::optional<rate_limit>& rate,
    std::span<const claim_note> past,
    time_point now
);

/// Whether a claim still counts at `now`. A clock that was set back must not stop a queue: a claim that lies more than
/// a window ahead does not count either.
bool counts(const claim_note& note, const rate_limit& rate, time_point now);

/// How far back claims may count for one of the queue's rates; unset if it has none.
std::optional<milliseconds> longest_window(const queue_settings& settings);

/// The time under which a claim counts: never before that of an earlier claim that counts, so that claims whose times
/// are not in the order of their transactions exceed no rate.
time_point time_of_claim(std::span<const claim_note> past, milliseconds window, time_point now);

/// Where a job stands in its queue: priority and position.
using turn = std::pair<std::int64_t, std::int64_t>;

/// A group of which a job may be claimed now.
struct waiting_group {
    std::string key{};        ///< Empty for jobs without a group.
    std::int64_t served = 0;  ///< Greater if served later; 0 if never served.
    turn next{};              ///< Its next job.
};

/// Returns the group whose turn it is: the one with the best priority, between equals the one served longest ago. Null
/// if there is none.
const waiting_group* first_to_serve(std::span<const waiting_group> groups);

}  // namespace cofila::domain
