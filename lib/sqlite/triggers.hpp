#pragma once
#include <SQLiteCpp/Database.h>

#include <cstdint>
#include <span>
#include <string>

#include "sqlite/session.hpp"

/// The triggers that write the event log and the metrics. They exist while any queue of the file wants them.
namespace cofila::sqlite {

/// The triggers that a file may have beside its tables: all of them, or none.
std::span<const std::string> observing_triggers();
/// Those of a file of this schema version.
std::span<const std::string> observing_triggers(std::int64_t version);

/// The statements that drop them, one for each.
std::span<const char* const> dropping_of_triggers();

/// Creates the triggers if any queue keeps events or counts, and drops them otherwise.
void adjust_triggers(session& tx);
/// The same for a connection without a session.
void adjust_triggers(SQLite::Database& db);

}  // namespace cofila::sqlite
