#pragma once
#include <cofila/job_id.hpp>
#include <cofila/limits.hpp>
#include <cofila/queue_types.hpp>

#include <string>

#include "sqlite/session.hpp"

/// What is listed beside jobs. Reads only.
namespace cofila::sqlite {

page<queue_info> queues(session& with, const page_request& request);
page<log_line> logs(session& with, const std::string& queue, const job_id& id, const page_request& request);
bool is_paused(session& with, const std::string& queue);

}  // namespace cofila::sqlite
