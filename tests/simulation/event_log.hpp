#pragma once
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
        std::int64_t kind = 0;
        std::string job{};
        std::optional<std::int64_t> was{};
        std::int64_t state = 0;

        friend bool operator==(const event&, const event&) = default;
    };

    std::optional<std::int64_t> most{};  ///< Nothing: none are kept.
    std::int64_t last = 0;               ///< The sequence number of the newest there ever was.
    std::deque<event> all{};

    friend bool operator==(const kept_events&, const kept_events&) = default;
};

using event_logs = std::map<std::int64_t, kept_events>;  // by queue

/// With one more change of a row.
void note(event_logs& logs, const row_change& change);

}  // namespace cofila::sim
