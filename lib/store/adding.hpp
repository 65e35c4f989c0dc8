#pragma once
#include <cofila/repository/job_repository.hpp>

#include <initializer_list>
#include <span>

#include "store/tables.hpp"

/// New jobs.
namespace cofila::store {

/// Completes the records that it stores. May be called with them again when the transaction was rolled back.
add_answer add(tables& db, std::span<const job_draft> jobs);
inline add_answer add(tables& db, std::initializer_list<job_draft> jobs)
{
    return add(db, std::span{jobs.begin(), jobs.size()});
}
/// Returns the answer for this job alone. It has no deduplication id.
add_answer alone(added_row row);

}  // namespace cofila::store
