#pragma once
#include <cofila/backoff.hpp>
#include <cofila/deduplication.hpp>
#include <cofila/job_id.hpp>
#include <cofila/retention.hpp>
#include <cofila/time.hpp>

#include <map>
#include <optional>
#include <string>

namespace cofila {

/// The options of a job when it is added. An unset member takes the queue's default (`queue_options::defaults`) or, if
/// that is unset too, the value in its comment. `job::options()` returns the resolved options.
struct job_options {
    std::optional<job_id> id{};           ///< Chosen by the caller: adding it again adds nothing. Default: generated.
    std::optional<int> priority{};        ///< 0 ... 2'097'151, smaller first. Default 0, first of all.
    std::optional<bool> lifo{};           ///< Goes before all waiting jobs of its priority. Default false.
    std::optional<milliseconds> delay{};  ///< How long after the add it may run at the earliest. >= 0. Default 0.
    std::optional<int> attempts{};        ///< How many attempts it may have. >= 1. Default 1.
    std::optional<cofila::backoff> backoff{};  ///< Wait before the next attempt. Default none: at once, at the tail.
    std::optional<milliseconds> timeout{};  ///< An attempt that runs longer is cancelled and fails. > 0. Default none.
    /// If it has not started this long after the add, it fails: "expired". > 0. Default none.
    std::optional<milliseconds> ttl{};
    std::optional<retention> on_completed{};  ///< Default: `queue_options::on_completed`.
    std::optional<retention> on_failed{};     ///< Default: `queue_options::on_failed`.
    std::optional<deduplication> dedup{};     ///< Default none.
    std::optional<std::string> group{};       ///< A key, see `group_options`; with the rules of a name. Default none.
    /// Rescues from a dead or stopped worker before it fails. >= 0. Default 1.
    std::optional<int> max_stalled_count{};
    std::optional<int> max_deferrals{};  ///< Deferrals by its processor before it fails. >= 0. Default 1000.
    std::optional<int> keep_logs{};      ///< How many of its newest log lines are kept. >= 0. Default 1000.
    std::optional<int> keep_attempts{};  ///< How many of its newest failed attempts are kept. >= 0. Default 20.
    /// Tags of your own, to find jobs by (`job_filter::tag`). At most 32; keys and values with the rules of a name.
    /// Default none.
    std::map<std::string, std::string> tags{};

    friend bool operator==(const job_options&, const job_options&) = default;
};

}  // namespace cofila
