#pragma once
#include <cofila/failure.hpp>
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila {

/// Where a job goes from here: the answer of a rule in lib/domain/transitions.hpp, carried out by a repository.
struct transition {
    enum class placement { keep, tail, head };

    job_state to = job_state::waiting;
    placement place = placement::keep;  ///< Its position among the jobs of its priority.
    int attempts_made = 0;
    int stalled_count = 0;
    int deferrals = 0;
    std::optional<time_point> run_at{};
    std::optional<time_point> due_at{};  ///< It waits no more for its time, or again, since then.
    std::optional<time_point> finished_at{};
    std::string result{};
    std::string failed_reason{};
    std::optional<attempt> failed_attempt{};  ///< Kept with the job, at most `keep_attempts` of them.
    int keep_attempts = 0;
    std::optional<int> priority{};           ///< A new one.
    std::optional<std::string> cancelled{};  ///< `to` is active: nothing moves, but its worker is asked to end it.
    std::optional<time_point> queue_rests_until{};  ///< Nothing of the queue is claimed before.
    bool frees_dedup = false;                       ///< It may let go of its deduplication id.
    bool next_of_group = false;                     ///< Where its group keeps its order: `place` is to be keep.
    bool forget_expiry = false;                     ///< From now on it may start at any time.
    bool remove = false;                            ///< Retention: the job goes with this very change.
    std::optional<time_point> prune_at{};           ///< Retention: to be removed by then.
    std::optional<std::int64_t> prune_count{};      ///< Retention: to be removed once so many finished after it.
    bool retries_exhausted = false;                 ///< For the event only.
};

/// What a transition by the holder of a lock came to.
enum class settled {
    accepted,   ///< The job has moved.
    already,    ///< This token had ended its attempt before; nothing was changed. Returned for a repeated call.
    cancelled,  ///< It was to run again, but was cancelled meanwhile: it has failed instead.
    lost,       ///< The token does not hold the lock; nothing was changed.
};

}  // namespace cofila
