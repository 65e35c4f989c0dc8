#pragma once
#include <cofila/job_id.hpp>
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila {

/// What happened to a job, as the event log of its queue tells it.
struct logged_event {
    /// The numbers are part of the stored format: never change them.
    enum class kind {
        added = 0,
        moved = 1,     ///< To another state, or, where it is delayed before and after, to another time.
        progress = 2,  ///< Its progress was changed.
        removed = 3,
    };

    std::uint64_t sequence = 0;  ///< 1 for the first of the queue, and one more for each. Never given twice.
    kind what = kind::added;
    job_id id{};
    std::optional<job_state> from{};  ///< The state before; nothing where it was added.
    job_state state{};                ///< The state after; where it was removed, its last.
    /// When it was added, claimed or finished; nothing for everything else.
    std::optional<time_point> at{};
    std::string text{};  ///< added: the name of the job; failed: the reason; progress: as JSON. Else empty.

    friend bool operator==(const logged_event&, const logged_event&) = default;
};

/// What there is to read.
struct event_log_state {
    std::optional<int> events{};            ///< At most so many are kept; nothing: the queue keeps none.
    std::uint64_t last = 0;                 ///< The number of the latest event, kept or not. 0: there was none.
    std::optional<std::uint64_t> cursor{};  ///< Of the name that was asked for.

    friend bool operator==(const event_log_state&, const event_log_state&) = default;
};

}  // namespace cofila
