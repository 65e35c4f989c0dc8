#pragma once
#include <cofila/job_repository.hpp>

#include <cstdint>
#include <optional>

#include "sqlite/session.hpp"

/// Who owns a deduplication id, and what becomes of a job that would be the second one.
namespace cofila::sqlite {

/// Makes room for a new job with a deduplication id, and prepares `row` and `job` for it. False: it is not to be added,
/// and `row` says why.
bool make_way(session& with, std::int64_t queue, job_record& job, added_row& row);

/// A job with a deduplication id has finished, or is removed: it lets go of it, unless it holds it for a time, and what
/// was kept for its end waits now.
void end_of_owner(session& with, std::int64_t queue, std::int64_t key, time_point now);
/// Finished, but its deduplication id must not be free yet.
bool holds_on(session& with, std::int64_t key, time_point now);

/// The job that was kept for the end of that one waits now.
void free_kept(session& with, std::int64_t queue, std::int64_t owner);

}  // namespace cofila::sqlite
