#pragma once
#include <cofila/error.hpp>
#include <cofila/failure.hpp>
#include <cofila/job_id.hpp>
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <boost/json/value.hpp>
#include <boost/signals2/signal.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cofila {

namespace detail {

/// Calls every slot, whatever the others throw, and returns what they threw.
struct call_every_slot {
    using result_type = std::vector<std::exception_ptr>;

    template <class Iterator>
    result_type operator()(Iterator slot, Iterator last) const
    {
        result_type thrown;
        for (; slot != last; ++slot) {
            try {
                *slot;
            } catch (...) {
                thrown.push_back(std::current_exception());
            }
        }
        return thrown;
    }
};

}  // namespace detail

/// A Signals2 signal. Connect and disconnect on any thread. A slot runs on the engine's executor, after the commit that
/// it reports. It may call anything; an exception from it reaches the `error` event, not the queue. A slot that is
/// disconnected on another thread may still be running.
template <class Event>
using signal = boost::signals2::signal<void(const Event&), detail::call_every_slot>;

struct added_event {
    job_id id{};
    std::string name{};
};
/// `previous` is unset for a new job.
struct waiting_event {
    job_id id{};
    std::optional<job_state> previous{};
};
struct delayed_event {
    job_id id{};
    time_point run_at{};
};
struct active_event {
    job_id id{};
    std::string worker{};
};
struct progress_event {
    job_id id{};
    boost::json::value progress{};
};
struct log_event {
    job_id id{};
    std::string line{};
};
/// `result` is JSON text.
struct completed_event {
    job_id id{};
    std::string result{};
};
struct failed_event {
    job_id id{};
    std::string reason{};
};
struct retrying_event {
    job_id id{};
    failure error{};
    milliseconds delay{};
    int attempts_made = 0;
};
struct retries_exhausted_event {
    job_id id{};
    int attempts_made = 0;
};
struct stalled_event {
    job_id id{};
    int stalled_count = 0;
};
struct released_event {
    job_id id{};
};
struct duplicated_event {
    job_id id{};
};
/// An add whose deduplication id is held by `owner`. `kept` is the job that is added when the owner has finished.
struct deduplicated_event {
    job_id owner{};
    std::string dedup_id{};
    std::optional<job_id> kept{};
};
struct removed_event {
    job_id id{};
};
struct cleaned_event {
    std::size_t count = 0;
};
struct drained_event {};
struct paused_event {};
struct resumed_event {};
struct error_event {
    std::exception_ptr error{};
    std::string text{};
};

/// What happens to the jobs of a queue through this process.
struct queue_events {
    signal<added_event> added{};
    signal<waiting_event> waiting{};  ///< New, promoted, retried by hand, or put back.
    signal<delayed_event> delayed{};
    signal<active_event> active{};
    signal<progress_event> progress{};
    signal<log_event> log{};
    signal<completed_event> completed{};
    signal<failed_event> failed{};                        ///< For good.
    signal<retrying_event> retrying{};                    ///< An attempt failed; the job runs again after `delay`.
    signal<retries_exhausted_event> retries_exhausted{};  ///< Besides `failed`, when the attempts are used up.
    /// Rescued from a worker that died or stopped renewing; with `failed`, given up instead.
    signal<stalled_event> stalled{};
    /// Given back: unfinished at a shutdown, claimed ahead, or by `queue::release`.
    signal<released_event> released{};
    signal<duplicated_event> duplicated{};
    signal<deduplicated_event> deduplicated{};
    signal<removed_event> removed{};
    /// `count` jobs were removed at once: by their retention, `drain`, `clean` or `obliterate`.
    signal<cleaned_event> cleaned{};
    signal<drained_event> drained{};  ///< The last job was finished: no job is waiting, due or active.
    signal<paused_event> paused{};
    signal<resumed_event> resumed{};
    signal<error_event> error{};
};

struct job_active_event {
    job_id id{};
    std::string name{};
    int attempt = 0;
};
/// The processor returned and its result is stored.
struct job_processed_event {
    job_id id{};
    std::string name{};
};
/// The attempt failed, and that is stored.
struct job_errored_event {
    job_id id{};
    std::string name{};
    failure error{};
};
struct lock_lost_event {
    job_id id{};
};
struct stuck_event {
    job_id id{};
    milliseconds since_asked{};
};
struct long_running_event {
    job_id id{};
    milliseconds running{};
};
struct ready_event {};
struct closing_event {};
struct closed_event {};

/// What a worker does.
struct worker_events {
    signal<job_active_event> job_active{};
    signal<job_processed_event> job_processed{};
    signal<job_errored_event> job_errored{};
    /// Another worker may have the job by now; its processor was cancelled and its outcome dropped.
    signal<lock_lost_event> lock_lost{};
    /// The processor did not end within `worker_options::stuck_after` of being asked to. Its slot was given up, and
    /// whatever it still returns is dropped.
    signal<stuck_event> stuck{};
    signal<long_running_event> long_running{};  ///< An attempt without a timeout has run for an hour. Once per attempt.
    signal<error_event> error{};
    signal<ready_event> ready{};  ///< `run()` has begun to take jobs.
    signal<closing_event> closing{};
    signal<closed_event> closed{};
};

}  // namespace cofila
