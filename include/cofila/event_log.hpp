#pragma once
#include <cofila/job_id.hpp>
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila {

/// One event of a job, as the event log of its queue records it.
struct logged_event {
    /// The numbers are part of the stored format: never change them.
    enum class kind {
        added = 0,
        moved = 1,     ///< To another state or, if it is delayed before and after, to another time.
        progress = 2,  ///< Its progress changed.
        removed = 3,
    };

    /// 1 for the queue's first event, then one more for each. Never reused, but an obliterated queue starts over.
    std::uint64_t sequence = 0;
    kind what = kind::added;
    job_id id{};
    std::optional<job_state> from{};  ///< The state before; unset for a new job.
    job_state state{};                ///< The state after; for a removed job, its last one.
    /// When the job was added, claimed or finished; unset for all other events.
    std::optional<time_point> at{};
    /// The job's name if it was added, the reason if it failed, the JSON text of a progress; otherwise empty.
    std::string text{};

    friend bool operator==(const logged_event&, const logged_event&) = default;
};

/// The state of an event log.
struct event_log_state {
    std::optional<int> events{};            ///< At most this many events are kept. Unset: the queue keeps none.
    std::uint64_t last = 0;                 ///< The number of the latest event, kept or not; 0 if there was none.
    std::optional<std::uint64_t> cursor{};  ///< The place of the requested name; unset if there is none.
    /// Which log of this store it is: the log of an obliterated queue ends, and the next one has another number. 0: the
    /// queue has had none.
    std::uint64_t log = 0;

    friend bool operator==(const event_log_state&, const event_log_state&) = default;
};

}  // namespace cofila
