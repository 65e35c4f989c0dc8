#pragma once
#include <cofila/decoding.hpp>
#include <cofila/job_id.hpp>
#include <cofila/job_options.hpp>
#include <cofila/job_state.hpp>
#include <cofila/retention.hpp>
#include <cofila/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cofila {

/// The options of a queue. The first call of `engine::queue(name)` fixes them.
struct queue_options {
    job_options defaults{};  ///< For options that a job leaves unset. `id` must not be set.
    retention on_completed = retention::keep_for(std::chrono::hours{24});   ///< For jobs that do not set it.
    retention on_failed = retention::keep_for(std::chrono::hours{24 * 7});  ///< For jobs that do not set it.
    /// Maximum number of bytes of JSON text in data, progress or result. 1 byte ... 512 MiB.
    std::size_t size_limit = std::size_t{1} << 20;

    cofila::decoding decoding = cofila::decoding::lenient;  ///< How data and results are read.

    friend bool operator==(const queue_options&, const queue_options&) = default;
};

/// What a worker, or a program that processes by hand, holds while it owns a job.
struct claim {
    job_id id{};
    std::string token{};  ///< New for every claim; every write carries it.
};

struct claim_request {
    std::string worker_id{};  ///< Recorded with the job. Empty, or at most 200 bytes with the rules of a job's name.
    /// 1 ms ... 366 days. To be renewed with `extend_lock` before it ends.
    milliseconds lock_duration = std::chrono::seconds{30};
    int limit = 1;        ///< Maximum number of jobs to claim. 1 ... 10'000.
    milliseconds wait{};  ///< How long to wait for the first job if there is none. >= 0. Cancellation ends the wait.
};

/// One key of `job_options::tags`, with its value.
struct tag {
    std::string key{};
    std::string value{};

    friend bool operator==(const tag&, const tag&) = default;
};

/// Selects the jobs of a listing: those that match every member that is set. Waiting jobs are listed in the order in
/// which they will run, delayed ones by due time, finished ones (completed and failed together) by the time they
/// finished, and active ones in the order in which they were added. Of several states, the waiting jobs come first,
/// then delayed, active and finished ones. If no state is named, all jobs are listed by id.
struct job_filter {
    job_states state{};  ///< One or several. Default: all.
    std::optional<std::string> name{};
    std::optional<cofila::tag> tag{};
    std::optional<std::string> group{};
    std::optional<time_point> since{};   ///< Finished at this time or later; if unfinished, added then or later.
    std::optional<time_point> before{};  ///< Finished before this time; if unfinished, added before it.
};

/// Selects one page of a listing. Only a limited number of jobs is examined for a page, so that a call is quick:
/// without a state, or with a filter beyond it, a page may hold fewer jobs than `limit`, even none, although there is a
/// next page. `after` is the `page::next` of the previous page.
struct page_request {
    std::string after{};
    int limit = 100;            ///< 1 ... 1'000.
    bool newest_first = false;  ///< Lists from the end. Must be the same for every page.
};

template <class T>
struct page {
    std::vector<T> items{};
    std::string next{};  ///< Empty on the last page.
};

/// Called now and then while many jobs are changed, with the number of jobs changed so far.
using progress_callback = std::function<void(std::size_t)>;

/// Selects what `queue::clean` removes.
struct clean_request {
    job_state state = job_state::completed;  ///< Any state but active.
    milliseconds grace{};                ///< Only jobs finished (if unfinished: added) at least this long ago. >= 0.
    std::optional<std::size_t> limit{};  ///< Maximum number of jobs to remove. Default: all.
    progress_callback progress{};
};

struct job_counts {
    std::size_t waiting = 0;
    std::size_t delayed = 0;
    std::size_t active = 0;
    std::size_t waiting_children = 0;
    std::size_t completed = 0;
    std::size_t failed = 0;

    friend bool operator==(const job_counts&, const job_counts&) = default;
};

struct log_line {
    time_point at{};
    std::string text{};

    friend bool operator==(const log_line&, const log_line&) = default;
};

struct retry_options {
    bool keep_attempts = false;  ///< True if the attempts made so far still count against `job_options::attempts`.
};

/// Selects the jobs that `queue::retry_all` lets run again.
struct retry_request {
    job_state state = job_state::failed;  ///< Failed or completed.
    retry_options options{};
    std::optional<std::size_t> limit{};  ///< Maximum number of jobs to retry, those that finished first. Default: all.
    progress_callback progress{};
};

/// The result for one element of `queue::add_bulk`.
struct added {
    job_id id{};
    bool duplicate = false;  ///< True if a job with this id existed already; nothing was added.
    /// The job that owns the deduplication id: nothing was added or, with `keep_last`, the new job is added once that
    /// one has finished.
    std::optional<job_id> deduplicated_by{};
};

template <class Payload>
struct job_spec {
    std::string name{};
    Payload data{};
    job_options options{};
};

}  // namespace cofila
