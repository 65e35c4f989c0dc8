#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstddef>
#include <vector>

#include "sqlite/session.hpp"

/// New jobs.
namespace cofila::sqlite {

add_answer add(session& with, const std::vector<job_snapshot>& jobs);

/// Rows in one INSERT: its fixed cost is shared by this many jobs.
inline constexpr std::size_t rows_at_once = 16;

/// Whether one statement adds it.
bool is_plain(const job_record& job);

/// The work of an operation that adds one plain job.
struct plain_add {
    job_snapshot job{};

    add_answer operator()(session& with) const { return add(with, {job}); }
};
/// The answer to the addition of this plain job alone.
add_answer alone(const added_row& row);

}  // namespace cofila::sqlite
