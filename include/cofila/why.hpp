#pragma once
#include <cofila/job_id.hpp>
#include <cofila/time.hpp>

#include <optional>
#include <string>
#include <vector>

namespace cofila {

/// One thing that keeps a job from running.
struct why_cause {
    enum class kind {
        asked_to_end,        ///< It was cancelled, and the worker that runs it has yet to end it.
        running,             ///< It runs.
        finished,            ///< It has.
        not_due,             ///< Delayed `until` then.
        kept,                ///< For the end of the job that owns its deduplication id: `holders`.
        paused,              ///< The queue is.
        resting,             ///< A processor returned `rate_limited`: nothing of the queue is claimed `until` then.
        global_concurrency,  ///< All places of the queue are taken, by `holders`.
        rate_limit,          ///< The queue's, `until` then.
        group_concurrency,   ///< All places of its group are taken, by `holders`.
        group_rate,          ///< Its group's, `until` then.
        group_order,         ///< An earlier job of its group is to be tried again first.
        behind_others,       ///< `ahead` jobs are before it.
        no_claims,           ///< No worker has claimed from the queue since `until`, or ever.
        next,                ///< Nothing: it is the next one.
    };

    kind what = kind::next;
    std::optional<time_point> until{};
    std::size_t ahead = 0;
    std::vector<job_id> holders{};  ///< At most 10 of them.
    std::string text{};             ///< In words.
};

/// What `queue::why` found, the gravest cause first. Never empty.
struct why_answer {
    std::vector<why_cause> causes{};
    std::string text{};  ///< All in words.
};

}  // namespace cofila
