#pragma once
#include <cofila/job_state.hpp>
#include <cofila/limits.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "event_log.hpp"

namespace cofila::sim {

/// A job as its rows say.
struct job_row {
    std::int64_t key = 0;
    std::int64_t queue = 0;
    std::string id{};
    job_state state{};
    std::int64_t priority = 0;
    std::int64_t position = 0;
    std::optional<std::int64_t> run_at{};
    std::optional<std::int64_t> finished_at{};
    std::int64_t made = 0;
    std::int64_t started = 0;
    std::int64_t stalls = 0;
    std::string token{};
    std::optional<std::int64_t> locked_until{};
    std::int64_t lock_duration = 0;
    std::string worker{};

    friend bool operator==(const job_row&, const job_row&) = default;
};

/// One change of a job, a queue or a log, whatever number of statements it took.
struct row_change {
    std::optional<job_row> before{};      ///< Nothing: it is new.
    std::optional<job_row> after{};       ///< Nothing: it was removed.
    std::string options{};                ///< Of a new one, as JSON.
    std::optional<std::int64_t> queue{};  ///< Instead of a job: this queue was made, forgotten, paused, or goes on.
    std::string name{};                   ///< Of the queue.
    bool made = false;
    bool forgotten = false;
    bool paused = false;
    std::optional<std::int64_t> log_of{};  ///< Instead of a job: this one's log got a line, or lost one.
    bool written = false;
    bool progressed = false;                     ///< Its progress is another one.
    std::optional<std::int64_t> keeps_events{};  ///< Instead of a job: the queue keeps this many events from now on.
    std::optional<std::int64_t> most_events{};
    std::optional<std::int64_t> paced{};  ///< Instead of a job: this queue has this rate limit from now on.
    std::optional<rate_limit> rate{};
};

inline bool became(const row_change& change, job_state from, job_state to)
{
    return change.before && change.after && change.before->state == from && change.after->state == to;
}

/// What the file holds.
struct stored_state {
    std::vector<job_row> jobs{};                  ///< By key.
    std::int64_t misplaced = 0;                   ///< Jobs and keys that are not where they belong.
    std::set<std::int64_t> paused{};              ///< Queues.
    std::map<std::int64_t, std::size_t> lines{};  ///< Of the logs of jobs.
    event_logs events{};
    std::map<std::int64_t, rate_limit> rates{};  ///< Of queues.
};

/// The columns of a job in the order of `job_row`, as `test::job_rows` names them.
#define SIM_COLUMNS                                                                                                    \
    "key, queue, id, state, priority, position, run_at, finished_at, attempts_made, attempts_started, stalled_count, " \
    "token, locked_until, lock_duration, worker"

}  // namespace cofila::sim
