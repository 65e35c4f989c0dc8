#pragma once
#include <cofila/limits.hpp>
#include <cofila/repository/job_record.hpp>

#include <cstddef>
#include <optional>
#include <vector>

namespace cofila {

/// How far a limit is used: the active jobs that count against it, and when its rate allows more claims.
struct limit_use {
    int active = 0;
    std::vector<job_id> holders{};           ///< At most 10 jobs.
    std::optional<time_point> full_until{};  ///< Its rate is used up until then.
};

/// What a store knows about a job that does not run; `queue::why` puts it into words.
struct job_situation {
    job_snapshot job{};
    queue_settings settings{};
    limit_use queue{};
    limit_use group{};              ///< For the job's group, if it has one.
    bool group_retries = false;     ///< True if a job of its group is delayed for its next attempt.
    std::optional<job_id> owner{};  ///< The owner of its deduplication id, if it is kept for that owner's end.
    std::size_t ahead = 0;          ///< Waiting jobs before it.
    std::optional<time_point> last_claim{};
};

}  // namespace cofila
