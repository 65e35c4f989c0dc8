#pragma once
#include <cofila/failure.hpp>
#include <cofila/job_id.hpp>
#include <cofila/job_options.hpp>
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cofila {

/// The job entity, as a repository stores it. What may happen to it is decided by the functions of
/// lib/domain/transitions.hpp alone.
struct job_record {
    std::int64_t key = 0;  ///< The repository's own short name for the job; 0 until it is stored.
    job_id id{};
    std::string name{};
    std::string data{};                            ///< JSON text, as given.
    std::shared_ptr<const job_options> options{};  ///< Resolved: every member but `id` is set.

    job_state state = job_state::waiting;
    int priority = 0;
    std::int64_t position = 0;                 ///< Order within a priority, smaller first; given by the repository.
    time_point timestamp{};                    ///< When it was added.
    std::optional<time_point> run_at{};        ///< Set while delayed: not before.
    std::optional<time_point> due_at{};        ///< When its delay was over, or somebody let it run (again).
    std::optional<time_point> expires_at{};    ///< Unless it was started by then, it fails.
    std::optional<time_point> processed_at{};  ///< When it was last claimed.
    std::optional<time_point> finished_at{};

    int attempts_started = 0;  ///< Claims.
    int attempts_made = 0;     ///< Attempts that ended, in success or failure.
    int stalled_count = 0;     ///< Rescues.
    int deferrals = 0;         ///< How often its processor put it off.

    std::string token{};                       ///< Of the last claim; it stays behind when the lock is given up.
    std::optional<time_point> locked_until{};  ///< Set exactly while active.
    milliseconds lock_duration{};
    std::string worker{};  ///< The worker of the last claim.

    std::optional<time_point> dedup_until{};  ///< It holds its deduplication id until then, finished or not.
    bool holds_dedup = false;                 ///< It is the owner of its deduplication id.
    std::int64_t kept_for = 0;  ///< Key of the job that it waits for: it is added when that one has finished. 0: none.
    std::optional<std::string> cancelled{};  ///< Why, where an active job was asked to end.

    std::string progress{};           ///< JSON text; empty: none yet.
    std::string result{};             ///< JSON text; empty: none.
    std::string failed_reason{};      ///< Where it is to be tried again: of the attempt that failed last.
    std::vector<attempt> attempts{};  ///< Oldest first. Read by `job_repository::get` only.

    /// What of the stored row made no sense and was read as the nearest that does; empty: all did. Such a job fails
    /// instead of running.
    std::string damage{};
};

/// A record that nobody changes any more: it may be shared between the loop and the database thread.
using job_snapshot = std::shared_ptr<const job_record>;

}  // namespace cofila
