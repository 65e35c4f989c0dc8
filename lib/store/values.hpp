#pragma once
#include <cofila/limits.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/transition.hpp>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "domain/limits.hpp"

/// What operations and tables hand each other.
namespace cofila::store {

struct stored_settings {
    queue_settings settings{};
    bool grouped = false;  ///< It has, or once had, a job with a group.
};

/// A job, and the token that must hold its lock; empty for a job that is not locked.
struct lock_of_job {
    std::int64_t queue = 0;
    std::int64_t key = 0;
    const std::string& token;
};

/// A job, and the state in which it was found.
struct stored_job {
    std::int64_t key = 0;
    job_state state = job_state::waiting;
};

/// The end of an attempt that leaves the job finished.
struct finished_attempt {
    lock_of_job held;
    const transition& change;
};

/// Waiting jobs, best first.
struct best_waiting {
    std::vector<std::shared_ptr<job_record>> jobs{};
    bool in_a_row = true;  ///< False if jobs that are early stand between them.
};

/// A group whose next job may run, and that job. It is unset where it has to be searched for: if it is early, or stands
/// elsewhere than the group's turn says.
struct group_turn {
    std::int64_t number = 0;
    domain::waiting_group turn{};
    std::optional<job_record> job{};
};

/// A job that an index names as over its time.
struct doomed {
    std::int64_t key = 0;
    std::int64_t queue = 0;
};

/// An active job of this queue.
struct stalled_job {
    std::int64_t queue = 0;
    job_record job{};
};

/// A line of a job's log, and its number there.
struct stored_line {
    std::int64_t sequence = 0;
    log_line line{};
};

/// Where a page ended: the values by which its listing is ordered.
struct listing_place {
    std::int64_t first = 0;
    std::int64_t second = 0;

    /// Before all rows, in the direction in which they are read.
    static listing_place before_all(bool newest_first)
    {
        using number = std::numeric_limits<std::int64_t>;
        const auto out = newest_first ? number::max() : number::min();
        return {.first = out, .second = out};
    }
};

}  // namespace cofila::store
