#pragma once
#include "sqlite/session.hpp"

// Whether a queue, `q`, has jobs: the key of each is in the table of its state.
#define COFILA_HAS_JOBS                                                                                                \
    "(EXISTS (SELECT 1 FROM cofila_waiting WHERE queue = q.number) "                                                   \
    "OR EXISTS (SELECT 1 FROM cofila_waiting_grouped WHERE queue = q.number) "                                         \
    "OR EXISTS (SELECT 1 FROM cofila_delayed WHERE queue = q.number) "                                                 \
    "OR EXISTS (SELECT 1 FROM cofila_active WHERE queue = q.number) "                                                  \
    "OR EXISTS (SELECT 1 FROM cofila_finished WHERE queue = q.number)) "

/// Removes what stays behind when the jobs of a queue or a group have gone. It is looked for piece by piece, sweep by
/// sweep, so that the cost of a sweep does not depend on how many queues and groups there ever were.
namespace cofila::sqlite {

/// Whether the next piece has anything to forget.
bool any_forgettable(session& tx, time_point now);
/// Forgets that, and goes on to the piece after it.
void forget_some(session& tx, time_point now);
/// Goes on to the piece after it without forgetting.
void pass_on(session& tx, time_point now);

/// Deletes the queue's row unless anything is left that needs it. Other connections know a queue by its name; a number
/// that they remember counts only until the next commit of another connection.
void forget_if_empty(session& tx, std::int64_t queue, time_point now);

/// Forgets everything that was set and kept for a queue, and its row if it has no jobs left.
void forget_queue(session& tx, std::int64_t queue);

}  // namespace cofila::sqlite
