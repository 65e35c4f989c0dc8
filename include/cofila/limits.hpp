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

/// The limits that apply to the jobs of each key (`job_options::group`) separately. Jobs without a group count as one
/// key, which has no limits. Among keys whose next jobs have the same priority, the key that was served longest ago
/// comes first.
struct group_options {
    std::optional<int> concurrency{};          ///< Maximum number of active jobs per key. >= 1. Default: no limit.
    std::optional<cofila::rate_limit> rate{};  ///< Maximum rate of claims per key. Default: no limit.
    /// Runs the jobs of a key strictly one after the other: a failed job that will be retried keeps its place, and
    /// meanwhile no other job of its key is claimed. Requires `concurrency` 1.
    bool keep_order = false;

    friend bool operator==(const group_options&, const group_options&) = default;
};

/// The settings of a queue, as the store keeps them. They apply to all processes.
struct queue_settings {
    bool paused = false;
    std::optional<int> concurrency{};  ///< Maximum number of active jobs of the queue, over all workers.
    std::optional<cofila::rate_limit> rate{};
    group_options group{};
    /// Set when a processor returned `rate_limited`: no job is claimed before this time.
    std::optional<time_point> rests_until{};
    std::optional<int> keep_events{};   ///< How many of the newest events are kept. Unset: none.
    std::optional<int> keep_minutes{};  ///< For how many minutes finished jobs are counted. Unset: they are not.

    friend bool operator==(const queue_settings&, const queue_settings&) = default;
};

/// A queue of the store, as listed by `engine::queues`.
struct queue_info {
    std::string name{};
    queue_settings settings{};

    friend bool operator==(const queue_info&, const queue_info&) = default;
};

/// The maximum number of active jobs of the queue, over all workers. Unset: no limit.
struct global_concurrency {
    std::optional<int> jobs{};
};
/// The maximum rate of claims of the queue. Unset: no limit.
struct global_rate {
    std::optional<rate_limit> rate{};
};
/// How many of the queue's newest events are kept. Unset: none are kept, and the stored ones are forgotten.
struct event_log {
    std::optional<int> events{};
};
/// For how many minutes the counts of finished jobs are kept. Unset: nothing is counted, and the stored counts are
/// forgotten.
struct metrics_log {
    std::optional<int> minutes{};
};
/// One setting of a queue: a limit, or a log that is kept beside the jobs.
using queue_setting = std::variant<global_concurrency, global_rate, group_options, event_log, metrics_log>;

}  // namespace cofila
