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

/// What may be said of a job when it is added. A member that is not set takes the queue's default
/// (`queue_options::defaults`), and where that is not set either, the value in its comment.
/// `job::options()` returns them resolved.
struct job_options {
    std::optional<job_id> id{};           ///< Chosen by the caller: adding it again adds nothing. Default: generated.
    std::optional<int> priority{};        ///< 0 ... 2'097'151, smaller first. Default 0, first of all.
    std::optional<bool> lifo{};           ///< Before all waiting jobs of its priority. Default false.
    std::optional<milliseconds> delay{};  ///< Not before this long after the add. >= 0. Default 0.
    std::optional<int> attempts{};        ///< How often it may be tried. >= 1. Default 1.
    std::optional<cofila::backoff> backoff{};  ///< Wait before the next attempt. Default none: at once, at the tail.
    std::optional<milliseconds> timeout{};  ///< An attempt that runs longer is cancelled and fails. > 0. Default none.
    std::optional<milliseconds> ttl{
    };  ///< Not started this long after the add, it fails: "expired". > 0. Default none.
    std::optional<retention> on_completed{};  ///< Default: `queue_options::on_completed`.
    std::optional<retention> on_failed{};     ///< Default: `queue_options::on_failed`.
    std::optional<deduplication> dedup{};     ///< Default none.
    std::optional<std::string> group{};       ///< A key, see `group_options`; as a name. Default none.
    std::optional<int> max_stalled_count{
    };  ///< Rescues from a dead or stopped worker before it fails. >= 0. Default 1.
    std::optional<int> max_deferrals{};  ///< How often a processor may put it off before it fails. >= 0. Default 1000.
    std::optional<int> keep_logs{};      ///< The newest log lines that are kept. >= 0. Default 1000.
    std::optional<int> keep_attempts{};  ///< The newest failed attempts that are kept. >= 0. Default 20.
    /// Of your own, to find jobs by (`job_filter::tag`). At most 32; key and value as names. Default none.
    std::map<std::string, std::string> tags{};

    friend bool operator==(const job_options&, const job_options&) = default;
};

}  // namespace cofila
