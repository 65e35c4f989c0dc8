#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <string>

#include "sqlite/session.hpp"

/// A job leaves a state, and what follows from it. Whoever moves a job reports it, and what it caused, to `news`.
namespace cofila::sqlite {

enum class moved {
    no,  ///< The job is not as the mover thinks; nothing was changed.
    yes,
    gone,  ///< It has moved, and was removed then.
};
/// Carries `change` out on an active job that `token` holds, or with an empty `token` on a job that is not locked.
/// Reports the job that it frees.
moved move_job(
    session& with,
    std::int64_t queue,
    std::int64_t key,
    const std::string& token,
    const transition& change,
    news_list& news
);
/// The same for a job that was read, which is reported first. Returns false if nothing was changed.
bool move_and_tell(
    session& with,
    std::int64_t queue,
    const job_record& job,
    const std::string& token,
    const transition& change,
    job_news::cause why,
    news_list& news
);
/// Removes a job with everything that belongs to it, and reports the job that it frees.
void erase_job(session& with, std::int64_t queue, std::int64_t key, news_list& news);
/// The same for a finished job, unless it still holds its deduplication id: then it returns false, and the sweep
/// removes the job.
bool erase_finished(session& with, std::int64_t queue, std::int64_t key, time_point now, news_list& news);
/// Removes a job that was read, and reports it first.
void erase_and_tell(session& with, std::int64_t queue, job_record job, job_news::cause why, news_list& news);

/// A record after a transition.
job_snapshot moved_by(job_record job, const transition& change);

/// Makes delayed jobs of a queue whose time has come wait: at most `limit`, so that the transaction stays short.
/// Returns how many.
int promote_due(session& with, std::int64_t queue, time_point now, int limit, news_list& news);

}  // namespace cofila::sqlite
