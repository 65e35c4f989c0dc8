#pragma once
#include <cofila/job_record.hpp>

namespace cofila::domain {

/// What becomes of a new job whose deduplication id another one may own.
enum class dedup_answer {
    add,      ///< Nobody does (any more): the new one does now.
    refuse,   ///< It is not added.
    extend,   ///< It is not added, and the owner holds the id for another `ttl` from now.
    replace,  ///< The owner is removed, and it is added in its place.
    keep,     ///< It is kept until the owner has finished, in the place of one that is kept already.
};

/// `owner` may be null. `job.timestamp` is now.
dedup_answer deduplicate(const job_record* owner, const job_record& job);

/// It waits, without a date, for the end of the job with that key.
void keep_for(job_record& job, std::int64_t owner);

/// A new job's hold on its id, beside its own life. Nothing: while it is not finished.
std::optional<time_point> hold_until(const deduplication& how, time_point now);

/// Its id must not be free yet, and so it stays, whatever its retention says.
bool holds_on(const job_record& job, time_point now);

}  // namespace cofila::domain
