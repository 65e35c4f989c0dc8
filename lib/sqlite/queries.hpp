#pragma once
#include <cofila/job_repository.hpp>

#include "sqlite/session.hpp"

/// What is only read: on the reader's connection, each in a transaction of its own.
namespace cofila::sqlite {

std::optional<job_record> get(session& with, const std::string& queue, const job_id& id);
page<job_snapshot> list(session& with, const std::string& queue, job_filter filter, const page_request& request);
job_counts counts(session& with, const std::string& queue);
page<log_line> logs(session& with, const std::string& queue, const job_id& id, const page_request& request);
bool is_paused(session& with, const std::string& queue);
std::vector<lock_row> locks(session& with);
std::vector<worker_row> workers(session& with);

}  // namespace cofila::sqlite
