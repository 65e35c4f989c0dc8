#pragma once
#include <cofila/job_repository.hpp>

#include <cstdint>
#include <optional>

#include "sqlite/session.hpp"

/// Which job owns a deduplication id, and what becomes of a second one.
namespace cofila::sqlite {

/// Makes way for a new job with a deduplication id, and prepares `row` and `job` for it. Returns false if the job is
/// not to be added; `row` then says why.
bool make_way(session& with, std::int64_t queue, job_record& job, added_row& row, news_list& news);

/// Called when a job with a deduplication id has finished or is removed: it lets go of the id, unless it holds it for a
/// time, and the job that was kept for its end now waits.
void end_of_owner(session& with, std::int64_t queue, std::int64_t key, time_point now, news_list& news);
/// Whether a finished job still holds its deduplication id.
bool holds_on(session& with, std::int64_t key, time_point now);

/// Makes the job that was kept for the end of `owner` wait, and reports it.
void free_kept(session& with, std::int64_t queue, std::int64_t owner, news_list& news);

}  // namespace cofila::sqlite
