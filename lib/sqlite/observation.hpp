#pragma once
#include <cofila/event_log.hpp>
#include <cofila/limits.hpp>
#include <cofila/metrics.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sqlite/session.hpp"

/// What is kept for watchers of a queue. Triggers write it, so that any connection that changes a job writes it too;
/// they exist while any queue wants them, so that files without watchers pay nothing.
namespace cofila::sqlite {

void keep_events(session& with, std::int64_t queue, std::optional<int> most);
void keep_minutes(session& with, std::int64_t queue, std::optional<int> most);

event_log_state event_log_of(session& with, const std::string& queue, const std::string& cursor);
std::vector<logged_event> events_after(session& with, const std::string& queue, std::uint64_t after, int limit);
bool set_event_cursor(
    session& with, const std::string& queue, const std::string& name, std::optional<std::uint64_t> place
);
queue_metrics metrics(session& with, const std::string& queue, time_point now, const metrics_range& of);

}  // namespace cofila::sqlite
