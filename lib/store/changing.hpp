#pragma once
#include <cofila/repository/job_repository.hpp>

#include <string>

#include "store/tables.hpp"

/// Changes by callers that hold no lock. A time is that of the request: see `tables::now`.
namespace cofila::store {

change_answer change(
    tables& db, const std::string& queue, const job_id& id, const job_change& change, time_point asked
);
changed_page change_all(
    tables& db,
    const std::string& queue,
    const job_filter& filter,
    const page_request& request,
    const job_change& change,
    time_point asked
);

void set(tables& db, const std::string& queue, const queue_setting& setting);
/// Returns false if the queue was in that state already.
bool set_paused(tables& db, const std::string& queue, bool paused);
void reset_queue(tables& db, const std::string& queue);

}  // namespace cofila::store
