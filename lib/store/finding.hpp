#pragma once
#include <cofila/repository/job_repository.hpp>

#include <optional>

#include "store/tables.hpp"

/// Jobs that callers name.
namespace cofila::store {

/// The job in its queue; unset if there is none. Its token may be empty.
inline std::optional<lock_of_job> find_stored(tables& db, const job_ref& job)
{
    const auto queue = db.find_queue(job.queue);
    if (!queue)
        return {};
    const auto key = job.key != 0 ? job.key : db.key_of(*queue, job.id);
    return key != 0 ? std::optional{lock_of_job{.queue = *queue, .key = key, .token = job.token}} : std::nullopt;
}

/// The same; unset if `job` names no token.
inline std::optional<lock_of_job> find_lock(tables& db, const job_ref& job)
{
    return job.token.empty() ? std::nullopt : find_stored(db, job);
}

}  // namespace cofila::store
