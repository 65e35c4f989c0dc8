#pragma once
#include <cofila/job_record.hpp>
#include <cofila/limits.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace cofila {

/// Active jobs that count against a limit, and when its rate lets more be claimed.
struct limit_use {
    int active = 0;
    std::vector<job_id> holders{};           ///< At most 10 of them.
    std::optional<time_point> full_until{};  ///< Its rate is used up until then.
};

/// What a store knows of a job that does not run: lib/domain/why.hpp makes words of it.
struct job_situation {
    job_snapshot job{};
    queue_limits limits{};
    limit_use queue{};
    limit_use group{};              ///< Of the job's group, where it has one.
    bool group_retries = false;     ///< A job of its group is delayed for its next attempt.
    std::optional<job_id> owner{};  ///< Of the deduplication id, where it is kept for its end.
    std::size_t ahead = 0;          ///< Waiting jobs before it.
    std::optional<time_point> last_claim{};
};

}  // namespace cofila
