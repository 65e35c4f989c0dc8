#pragma once
#include <cofila/event_log.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace cofila::sim {

struct row_change;

/// The events of a queue that are kept in the file: what it holds, or what it has to hold.
struct kept_events {
    struct event {
        std::int64_t sequence = 0;
        logged_event::kind what{};
        std::string job{};
        std::optional<job_state> from{};
        job_state state{};

        friend bool operator==(const event&, const event&) = default;
    };

    std::optional<std::int64_t> most{};  ///< Nothing: none are kept.
    std::int64_t last = 0;               ///< The sequence number of the newest there ever was.
    std::deque<event> all{};

    friend bool operator==(const kept_events&, const kept_events&) = default;
};

using event_logs = std::map<std::int64_t, kept_events>;  // by queue

/// With one more change of a row.
void record(event_logs& logs, const row_change& change);

}  // namespace cofila::sim
