#pragma once
#include "postgres/session.hpp"

/// The triggers that write the event log and the metrics. They exist while any queue of the schema wants them.
namespace cofila::postgres {

/// Creates the triggers if any queue keeps events or counts, and drops them otherwise.
void adjust_triggers(session& tx);

}  // namespace cofila::postgres
