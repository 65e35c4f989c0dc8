#pragma once
#include <cofila/repository/job_record.hpp>

namespace cofila::domain {

/// What is done with a new job whose deduplication id another job, the owner, may hold.
struct dedup_plan {
    bool add = true;             ///< The new job is added. If not, the owner is returned in its place.
    bool keep = false;           ///< The new job is added with `keep_for`: it waits for the end of the owner.
    bool extend_owner = false;   ///< The owner holds the id until the `dedup_until` of the new job.
    bool release_owner = false;  ///< The owner holds the id no longer.
    bool remove_owner = false;
    bool remove_kept = false;  ///< A job that is kept for the end of the owner is removed.

    bool defers_to_owner() const { return !add || keep; }

    friend bool operator==(const dedup_plan&, const dedup_plan&) = default;
};

/// `owner` is null if no job holds the id. `job.timestamp` is now.
dedup_plan deduplicate(const job_record* owner, const job_record& job);

/// Makes the job wait, without a date, for the end of the job with the key `owner`.
void keep_for(job_record& job, std::int64_t owner);

/// Until when a new job holds its deduplication id whatever becomes of it; unset: until it has finished.
std::optional<time_point> hold_until(const deduplication& how, time_point now);

/// Whether the job still holds its id, and so stays, whatever its retention says.
bool holds_on(const job_record& job, time_point now);

}  // namespace cofila::domain
