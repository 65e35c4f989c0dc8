#pragma once
#include <cofila/failure.hpp>
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila {

/// The next step of a job: the result of a transition rule, carried out by a repository.
struct transition {
    enum class placement { keep, tail, head };

    job_state to = job_state::waiting;
    placement place = placement::keep;  ///< Its position among the jobs of its priority.
    int attempts_made = 0;
    int stalled_count = 0;
    int deferrals = 0;
    /// Of its last claim, as the next two: a store keeps them with a finished job.
    int attempts_started = 0;
    std::optional<time_point> processed_at{};
    std::string worker{};
    std::optional<time_point> run_at{};
    std::optional<time_point> due_at{};  ///< When its delay ended, or a call let it run (again).
    std::optional<time_point> finished_at{};
    std::string result{};
    std::string failed_reason{};
    std::optional<attempt> failed_attempt{};  ///< Kept with the job, at most `keep_attempts` of them.
    int keep_attempts = 0;
    std::optional<int> priority{};  ///< The new priority. Unset: unchanged.
    /// For an active job: it stays where it is, but its worker is asked to end it, for this reason.
    std::optional<std::string> cancelled{};
    std::optional<time_point> queue_rests_until{};  ///< No job of the queue is claimed before.
    bool frees_dedup = false;                       ///< It may release its deduplication id.
    bool next_of_group = false;                     ///< If its group keeps its order, `place` counts as `keep`.
    bool forget_expiry = false;                     ///< From now on it may start at any time.
    bool remove = false;                            ///< Retention: the job is removed by this change.
    std::optional<time_point> prune_at{};           ///< Retention: due for removal at this time.
    std::optional<std::int64_t> prune_count{};  ///< Retention: due for removal once this many jobs finished after it.
    bool retries_exhausted = false;             ///< For the event only.
};

/// The result of a transition that the holder of a lock asked for.
enum class settled {
    accepted,   ///< The job has moved.
    already,    ///< This token ended its attempt before; nothing was changed. Returned for a repeated call.
    cancelled,  ///< It was to run again but was cancelled meanwhile: it has failed instead.
    lost,       ///< The token does not hold the lock; nothing was changed.
};

}  // namespace cofila
