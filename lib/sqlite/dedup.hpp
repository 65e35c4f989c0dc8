#pragma once
#include <cofila/repository/job_record.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "sqlite/session.hpp"

/// Owners of deduplication ids, and the jobs that are kept for their ends.
namespace cofila::sqlite {

std::optional<job_record> find_owner(session& with, std::int64_t queue, const std::string& dedup_id);
/// Whether a finished job still holds its deduplication id.
bool holds_on(session& with, std::int64_t key, time_point now);
/// Makes the job let go of its deduplication id.
void let_go(session& with, std::int64_t key);
/// The job that is kept for the end of `owner`.
std::optional<job_record> find_kept(session& with, std::int64_t owner);

}  // namespace cofila::sqlite
