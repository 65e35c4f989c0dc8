#pragma once
#include "postgres/session.hpp"

/// Removes what stays behind when the jobs of a queue or a group have gone. It is looked for piece by piece, sweep by
/// sweep, so that the cost of a sweep does not depend on how many queues and groups there ever were.
namespace cofila::postgres {

// "(SELECT ...) IS NULL" and not "NOT EXISTS": that may be carried out by reading all jobs once. They are found by the
// indexes of the states, since `jobs` has none by queue.
#define COFILA_NO_ROW(table, condition) "(SELECT 1 FROM " table " AS l WHERE " condition " LIMIT 1) IS NULL"
#define COFILA_HAS_NO_JOBS(of_queue)                                                                                   \
    "(SELECT 1 FROM @live AS l WHERE l.queue = " of_queue " AND l.state = 0 AND l.group_number IS NULL LIMIT 1) IS "   \
    "NULL AND (SELECT 1 FROM @live AS l WHERE l.queue = " of_queue " AND l.group_number IS NOT NULL LIMIT 1) IS NULL " \
    "AND (SELECT 1 FROM @live AS l WHERE l.queue = " of_queue " AND l.state = 1 LIMIT 1) IS NULL "                     \
    "AND (SELECT 1 FROM @live AS l WHERE l.queue = " of_queue " AND l.state = 2 LIMIT 1) IS NULL "                     \
    "AND (SELECT 1 FROM @finished AS f WHERE f.queue = " of_queue " LIMIT 1) IS NULL"

/// Whether the next piece has anything to forget.
bool any_forgettable(session& tx, time_point now);
/// Forgets that, and goes on to the piece after it.
void forget_some(session& tx, time_point now);
/// Goes on to the piece after it without forgetting.
void pass_on(session& tx, time_point now);

/// Deletes the queue's row unless anything is left that needs it. Other connections know a queue by its name; a number
/// that they remember counts only while no other connection has changed a queue.
void forget_if_empty(session& tx, std::int64_t queue, time_point now);

/// Forgets everything that was set and kept for a queue, and its row if it has no jobs left.
void forget_queue(session& tx, std::int64_t queue);

}  // namespace cofila::postgres
