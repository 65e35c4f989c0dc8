#pragma once
#include <cstdint>
#include <optional>

#include "postgres/session.hpp"

/// What is kept for watchers of a queue. Triggers write it, so that any connection that changes a job writes it too;
/// they exist while any queue wants them, so that schemas without watchers pay nothing.
namespace cofila::postgres {

void keep_events(session& tx, std::int64_t queue, std::optional<int> most);
void keep_minutes(session& tx, std::int64_t queue, std::optional<int> most);

}  // namespace cofila::postgres
