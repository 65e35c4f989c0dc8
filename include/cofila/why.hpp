#pragma once
#include <cofila/job_id.hpp>
#include <cofila/time.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cofila {

/// One cause that keeps a job from running.
struct why_cause {
    enum class kind {
        asked_to_end,        ///< It was cancelled, but the worker that runs it has not ended it yet.
        running,             ///< It is running.
        finished,            ///< It has finished.
        not_due,             ///< It is delayed until `until`.
        kept,                ///< It is kept until the job that owns its deduplication id ends: `holders`.
        paused,              ///< The queue is paused.
        resting,             ///< A processor returned `rate_limited`: no job of the queue is claimed before `until`.
        global_concurrency,  ///< All places of the queue are taken, by `holders`.
        rate_limit,          ///< The queue's rate is used up until `until`.
        group_concurrency,   ///< All places of its group are taken, by `holders`.
        group_rate,          ///< Its group's rate is used up until `until`.
        group_order,         ///< An earlier job of its group is to be retried first.
        behind_others,       ///< `ahead` jobs are before it.
        no_claims,           ///< No worker has claimed from the queue since `until`; unset if none ever has.
        next,                ///< Nothing keeps it: it is the next one.
    };

    kind what = kind::next;
    std::optional<time_point> until{};
    std::size_t ahead = 0;
    std::vector<job_id> holders{};  ///< At most 10 jobs.
    std::string text{};             ///< The cause in words.
};

/// The result of `queue::why`, with the gravest cause first. Never empty.
struct why_answer {
    std::vector<why_cause> causes{};
    std::string text{};  ///< All causes in words.
};

}  // namespace cofila
