#pragma once
#include <cofila/repository/job_repository.hpp>

#include <string>

#include "store/tables.hpp"

/// Writes that leave a job in its state.
namespace cofila::store {

fenced_write update_progress(tables& db, const job_ref& job, const std::string& progress);
fenced_write update_data(tables& db, const job_ref& job, const std::string& data);
fenced_write add_log(tables& db, const job_ref& job, const log_line& line, int keep);

}  // namespace cofila::store
