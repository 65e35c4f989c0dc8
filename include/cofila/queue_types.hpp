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

/// Fixed when `engine::queue(name)` is called for the first time.
struct queue_options {
    job_options defaults{};  ///< For jobs that do not say. `id` must not be set.
    retention on_completed = retention::keep_for(std::chrono::hours{24});   ///< For jobs that do not say.
    retention on_failed = retention::keep_for(std::chrono::hours{24 * 7});  ///< For jobs that do not say.
    std::size_t size_limit = std::size_t{1} << 20;  ///< Bytes of JSON text in data, progress or result. 1 ... 512 MiB.

    cofila::decoding decoding = cofila::decoding::lenient;  ///< How data and results are read.

    friend bool operator==(const queue_options&, const queue_options&) = default;
};

/// What a worker, or a program that processes by hand, holds while a job is its own.
struct claim {
    job_id id{};
    std::string token{};  ///< New for every claim; every write carries it.
};

struct claim_request {
    std::string worker_id{};  ///< Recorded with the job. At most 200 bytes, as a job's name.
    milliseconds lock_duration =
        std::chrono::seconds{30};  ///< Up to 366 days. Renew with `extend_lock` before it is over.
    int limit = 1;                 ///< Take at most so many jobs. 1 ... 10'000.
    milliseconds wait{};  ///< Where there is none, wait so long for the first. >= 0. Cancellation ends the wait.
};

/// A key and its value, of `job_options::tags`.
struct tag {
    std::string key{};
    std::string value{};

    friend bool operator==(const tag&, const tag&) = default;
};

/// Which jobs a listing shows: those of which all is true that is set. Waiting jobs come in the order in which they
/// will run, delayed ones by due time, finished ones, completed and failed together, by the time they finished, active
/// ones in the order in which they were added. Of several states come first the waiting jobs, then delayed, active and
/// finished ones. Where no state is named, all jobs come by id.
struct job_filter {
    job_states state{};  ///< One or several. Default: all.
    std::optional<std::string> name{};
    std::optional<cofila::tag> tag{};
    std::optional<std::string> group{};
    std::optional<time_point> since{};   ///< Finished at that time or later; one that has not: added.
    std::optional<time_point> before{};  ///< Finished before that time; one that has not: added.
};

/// One page of a listing, found among so many jobs at most that a call is quick: with a filter beyond the state, a page
/// may hold fewer than `limit`, even none, and there is a next one all the same. Pass `page::next` of the page before
/// as `after`.
struct page_request {
    std::string after{};
    int limit = 100;            ///< 1 ... 1'000.
    bool newest_first = false;  ///< The same listing from its end. Name it on every page.
};

template <class T>
struct page {
    std::vector<T> items{};
    std::string next{};  ///< Empty: this was the last page.
};

/// Called now and then while many jobs are changed, with how many have been so far.
using progress_callback = std::function<void(std::size_t)>;

/// What `queue::clean` removes.
struct clean_request {
    job_state state = job_state::completed;  ///< Any but active.
    milliseconds grace{};                    ///< Only what finished (else: was added) at least so long ago. >= 0.
    std::optional<std::size_t> limit{};      ///< At most so many. Default: all.
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
    bool keep_attempts = false;  ///< True: attempts made so far still count against `job_options::attempts`.
};

/// What `queue::retry_all` lets run again.
struct retry_request {
    job_state state = job_state::failed;  ///< Or completed.
    retry_options options{};
    std::optional<std::size_t> limit{};  ///< At most so many, those that finished first. Default: all.
    progress_callback progress{};
};

/// What became of one element of `queue::add_bulk`.
struct added {
    job_id id{};
    bool duplicate = false;  ///< A job with this id existed already; nothing was added.
    /// The job that owns the deduplication id: nothing was added, or (`keep_last`) not before it has finished.
    std::optional<job_id> deduplicated_by{};
};

template <class Payload>
struct job_spec {
    std::string name{};
    Payload data{};
    job_options options{};
};

}  // namespace cofila
