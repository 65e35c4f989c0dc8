#pragma once
#include <cofila/failure.hpp>
#include <cofila/job_id.hpp>
#include <cofila/job_options.hpp>
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cofila {

/// The part of a generated id behind the job's key: the last 10 bytes of a UUID of version 8. They hold 74 random bits,
/// the version and the variant.
using random_id_part = std::array<char, 10>;

/// The job entity, as a repository stores it. Only the library's transition rules decide what may happen to it.
struct job_record {
    std::int64_t key = 0;  ///< The repository's own short name for the job; 0 until it is stored.
    std::string queue{};   ///< Its name.
    job_id id{};           ///< Empty if the job is to be added with a generated id.
    /// Set on a new job with a generated id, which the repository makes of its key and this. Not read from the store.
    std::optional<random_id_part> random{};
    std::string name{};
    std::string data{};                            ///< JSON text, as given.
    std::shared_ptr<const job_options> options{};  ///< Resolved: every member with a default value is set, `id` is not.

    job_state state = job_state::waiting;
    int priority = 0;
    /// Order within a priority, smaller first; assigned by the repository, which need not keep it of a finished job.
    std::int64_t position = 0;
    time_point timestamp{};                    ///< When it was added.
    std::optional<time_point> run_at{};        ///< Set while delayed: the earliest time to run.
    std::optional<time_point> due_at{};        ///< When its delay ended, or a call let it run (again).
    std::optional<time_point> expires_at{};    ///< If it has not started by then, it fails.
    std::optional<time_point> processed_at{};  ///< When it was last claimed.
    std::optional<time_point> finished_at{};

    int attempts_started = 0;  ///< Claims.
    int attempts_made = 0;     ///< Attempts that ended, in success or failure.
    int stalled_count = 0;     ///< Rescues.
    int deferrals = 0;         ///< How often its processor deferred it.

    std::string token{};                       ///< The token of the last claim; it remains when the lock is given up.
    std::optional<time_point> locked_until{};  ///< Set if and only if the job is active.
    milliseconds lock_duration{};              ///< Of the lock; it means nothing where the job is not active.
    std::string worker{};                      ///< The worker of the last claim.

    std::optional<time_point> dedup_until{};  ///< It holds its deduplication id until then, finished or not.
    bool holds_dedup = false;                 ///< True if it owns its deduplication id.
    /// Key of the job that it is kept for: it is added when that job has finished. 0 if there is none.
    std::int64_t kept_for = 0;
    std::optional<std::string> cancelled{};  ///< Why an active job was asked to end; otherwise unset.

    std::string progress{};           ///< JSON text; empty if there is none yet.
    std::string result{};             ///< JSON text; empty if there is none.
    std::string failed_reason{};      ///< Why it failed or, before another attempt, why the last one did.
    std::vector<attempt> attempts{};  ///< Oldest first. Read by `job_repository::get` only.

    /// The parts of the stored row that made no sense and were read as the nearest sensible value; empty if there are
    /// none. Such a job fails instead of running.
    std::string damage{};
};

/// A new record on its way into the store. It belongs to the repository that it is handed to, which completes it.
using job_draft = std::shared_ptr<job_record>;

/// A record that is not changed any more, so that the engine's executor and the database thread may share it.
using job_snapshot = std::shared_ptr<const job_record>;

}  // namespace cofila
