#pragma once
#include <cofila/repository/news.hpp>
#include <cofila/repository/transition.hpp>

#include <cstdint>

#include "store/tables.hpp"

/// A job leaves a state, and what follows from it. Whoever moves a job reports it, and what it caused, to `news`.
namespace cofila::store {

enum class moved {
    no,  ///< The token does not hold the job, or it was asked to end; nothing was changed.
    yes,
    gone,  ///< It has moved, and was removed then.
};

/// Ends the attempt of an active job. Reports the job that its end frees.
moved end_attempt(tables& db, const lock_of_job& held, const transition& change, news_list& news);
/// Moves a job that was read in this transaction and is not active, and reports it.
void move(
    tables& db,
    std::int64_t queue,
    const job_record& job,
    const transition& change,
    job_news::cause why,
    news_list& news
);
/// The same for an active job. Its holder has lost it, even against a repeated settlement.
void take_away(
    tables& db, std::int64_t queue, job_record job, const transition& change, job_news::cause why, news_list& news
);
/// Removes a job that was read, and reports it first.
void erase(tables& db, std::int64_t queue, job_record job, job_news::cause why, news_list& news);
/// Removes a finished job, unless it still holds its deduplication id: then it returns false, and the sweep removes the
/// job.
bool erase_finished(tables& db, std::int64_t queue, const stored_job& job, time_point now, news_list& news);

/// A record after a transition.
job_snapshot moved_by(job_record job, const transition& change);

/// Makes delayed jobs of a queue whose time has come wait: at most `limit`, so that the transaction stays short.
/// Returns how many.
int promote_due(tables& db, std::int64_t queue, time_point now, int limit, news_list& news);

}  // namespace cofila::store
