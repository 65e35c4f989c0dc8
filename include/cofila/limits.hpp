#pragma once
#include <cofila/time.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <variant>

namespace cofila {

/// At most `max` jobs are claimed in any window of `duration`, by all workers together.
struct rate_limit {
    int max = 1;                                      ///< >= 1.
    milliseconds duration = std::chrono::seconds{1};  ///< 1 ms ... 366 days.

    friend bool operator==(const rate_limit&, const rate_limit&) = default;
};

/// What holds for the jobs of each key (`job_options::group`) by themselves. Jobs without a group are one key, which
/// has no limits. Among keys whose next jobs have the same priority, the one is served that was served longest ago.
struct group_options {
    std::optional<int> concurrency{};          ///< Active jobs of a key. >= 1. Default: no limit.
    std::optional<cofila::rate_limit> rate{};  ///< Claims of a key.
    /// Jobs of a key run strictly one after the other: a failed one that is to be tried again keeps its place, and
    /// nothing else of its key is claimed meanwhile. Needs `concurrency` 1.
    bool keep_order = false;

    friend bool operator==(const group_options&, const group_options&) = default;
};

/// What is set for a queue, in the store: it holds for all processes.
struct queue_limits {
    bool paused = false;
    std::optional<int> concurrency{};  ///< Active jobs of the queue, over all workers.
    std::optional<cofila::rate_limit> rate{};
    group_options group{};
    std::optional<time_point> rests_until{};  ///< A processor returned `rate_limited`: nothing is claimed before.

    friend bool operator==(const queue_limits&, const queue_limits&) = default;
};

/// A queue of the store, as `engine::queues` lists it.
struct queue_info {
    std::string name{};
    queue_limits limits{};

    friend bool operator==(const queue_info&, const queue_info&) = default;
};

/// One of the limits, or of what is kept beside the jobs.
struct global_concurrency {
    std::optional<int> jobs{};
};
struct global_rate {
    std::optional<rate_limit> rate{};
};
/// The newest so many events of the queue are kept; nothing: none, and those that are there are forgotten.
struct event_log {
    std::optional<int> events{};
};
/// Jobs that end are counted, and the counts of the last so many minutes kept; nothing: not, and they are forgotten.
struct metrics_log {
    std::optional<int> minutes{};
};
using queue_setting = std::variant<global_concurrency, global_rate, group_options, event_log, metrics_log>;

}  // namespace cofila
