#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>

#include "store/tables.hpp"

/// The sweep over all queues.
namespace cofila::store {

sweep_answer sweep(tables& db, const sweep_request& request);
/// Reads only, for a sweep without rescues: the answer if there is nothing to do.
std::optional<sweep_answer> look_for_sweep(tables& db, const sweep_request& request);

}  // namespace cofila::store
