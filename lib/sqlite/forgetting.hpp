#pragma once
#include "sqlite/session.hpp"

/// What stays behind when the jobs of a queue or of a group have gone. Looked for piece by piece, sweep by sweep: what
/// a sweep costs does not depend on how many queues and groups there ever were.
namespace cofila::sqlite {

/// Whether there is any in the piece that is next.
bool any_forgettable(session& with, time_point now);
/// Forgets what is in that piece, and goes on to the next one.
void forget_some(session& with, time_point now);
/// Goes on to the next piece.
void pass_on(session& with, time_point now);

/// The queue's row goes unless something is left that the row is for. Others know a queue by its name; a number that
/// they remember counts only until somebody else has committed.
void forget_if_empty(session& with, std::int64_t queue, time_point now);

/// All that was set and kept for a queue, and its row where no job is left.
void forget_queue(session& with, std::int64_t queue);

}  // namespace cofila::sqlite
