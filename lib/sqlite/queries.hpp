#pragma once
#include <cofila/repository/job_repository.hpp>

#include "sqlite/session.hpp"

/// Operations that only read: on the reader's connection, each in a transaction of its own.
namespace cofila::sqlite {

std::optional<job_record> get(session& with, const std::string& queue, const job_id& id);
page<job_snapshot> list(session& with, const std::string& queue, const job_filter& filter, const page_request& request);
job_counts counts(session& with, const std::string& queue);
std::vector<std::size_t> counts_by_priority(
    session& with, const std::string& queue, const std::vector<int>& priorities
);
std::optional<std::size_t> position(session& with, const std::string& queue, const job_id& id);
std::optional<job_situation> situation(session& with, const std::string& queue, const job_id& id, time_point now);
page<queue_info> queues(session& with, const page_request& request);
page<log_line> logs(session& with, const std::string& queue, const job_id& id, const page_request& request);
std::vector<std::optional<std::string>> cancellations(session& with, const std::vector<job_ref>& locks);

}  // namespace cofila::sqlite
