#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "store/tables.hpp"

/// Operations that only read.
namespace cofila::store {

std::optional<job_record> get(tables& db, const std::string& queue, const job_id& id);
page<job_snapshot> list(tables& db, const std::string& queue, const job_filter& filter, const page_request& request);
job_counts counts(tables& db, const std::string& queue);
std::vector<std::size_t> counts_by_priority(tables& db, const std::string& queue, const std::vector<int>& priorities);
/// How many waiting jobs are before this one; unset if it does not wait.
std::optional<std::size_t> position(tables& db, const std::string& queue, const job_id& id);
queue_settings settings(tables& db, const std::string& queue);
bool is_paused(tables& db, const std::string& queue);
page<queue_info> queues(tables& db, const page_request& request);
page<log_line> logs(tables& db, const std::string& queue, const job_id& id, const page_request& request);
/// What can be known about a job that does not run.
std::optional<job_situation> situation(tables& db, const std::string& queue, const job_id& id, time_point now);
std::vector<std::optional<std::string>> cancellations(tables& db, const std::vector<job_ref>& locks);

}  // namespace cofila::store
