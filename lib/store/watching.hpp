#pragma once
#include <cofila/event_log.hpp>
#include <cofila/metrics.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/tables.hpp"

/// What watchers of a queue read: its event log and its metrics. The backend writes both as the jobs move.
namespace cofila::store {

event_log_state event_log_of(tables& db, const std::string& queue, const std::string& cursor);
std::vector<logged_event> events_after(tables& db, const std::string& queue, std::uint64_t after, int limit);
void set_event_cursor(
    tables& db, const std::string& queue, const std::string& name, std::optional<std::uint64_t> place
);
queue_metrics metrics(tables& db, const std::string& queue, time_point now, const metrics_range& range);

}  // namespace cofila::store
