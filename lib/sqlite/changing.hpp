#pragma once
#include <cofila/repository/job_repository.hpp>

#include <string>

#include "sqlite/session.hpp"

/// Changes by callers that hold no lock.
namespace cofila::sqlite {

change_answer change(session& with, const std::string& queue, const job_id& id, const job_change& what, time_point now);
changed_page change_all(
    session& with,
    const std::string& queue,
    const job_filter& filter,
    const page_request& request,
    const job_change& what,
    time_point now
);

}  // namespace cofila::sqlite
