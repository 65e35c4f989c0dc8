#pragma once
#include <cofila/repository/job_repository.hpp>

#include <string>

#include "sqlite/session.hpp"

/// Writes that leave a job in its state.
namespace cofila::sqlite {

fenced_write update_progress(session& with, const job_ref& job, const std::string& progress);
fenced_write update_data(session& with, const job_ref& job, const std::string& data);
fenced_write add_log(session& with, const job_ref& job, const log_line& line, int keep);

}  // namespace cofila::sqlite
