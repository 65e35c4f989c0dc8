#pragma once
#include <cofila/repository/job_repository.hpp>

#include <vector>

#include "store/tables.hpp"

/// New jobs.
namespace cofila::store {

add_answer add(tables& db, const std::vector<job_snapshot>& jobs);
/// Returns the answer for this job alone. It has no deduplication id.
add_answer alone(const added_row& row);

}  // namespace cofila::store
