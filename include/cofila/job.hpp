#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/failure.hpp>

#include <boost/json/value.hpp>

#include <utility>

namespace cofila {

/// A cheap, copyable handle: a snapshot of a job, and the operations on it. What it tells is as of the call that
/// returned it; `refresh()` reads it anew. Copies share the snapshot. A default-constructed job refers to nothing and
/// must not be used.
///
/// Thread: the engine's; in a processor that runs on `worker_options::executor`, this one handle may be used there.
/// Cancellation: an operation that was started is finished; a cancellation takes effect at the next `co_await`.
template <class Payload = boost::json::value, class Result = boost::json::value>
class job {
public:
    job() = default;
    explicit job(detail::job_ptr handle) : handle_{std::move(handle)} {}

    const job_id& id() const { return record().id; }
    const std::string& name() const { return record().name; }
    const std::string& queue_name() const { return detail::name(handle_->queue); }
    /// Decodes the payload, each time. Throws `errc::payload_undecodable` naming the path.
    Payload data() const { return decode<Payload>(record().data); }
    /// Resolved: every member but `id` and `delay` is set.
    const job_options& options() const { return *record().options; }

    job_state state() const { return record().state; }
    int attempts_made() const { return record().attempts_made; }        ///< Attempts that ended.
    int attempts_started() const { return record().attempts_started; }  ///< Claims; counts the running one.
    int stalled_count() const { return record().stalled_count; }        ///< Rescues from a dead or stopped worker.

    time_point timestamp() const { return record().timestamp; }                       ///< When it was added.
    std::optional<time_point> run_at() const { return record().run_at; }              ///< While delayed.
    std::optional<time_point> processed_at() const { return record().processed_at; }  ///< Last claimed.
    std::optional<time_point> finished_at() const { return record().finished_at; }

    /// Null where none was reported.
    boost::json::value progress() const
    {
        return handle_->progress.empty() ? boost::json::value{} : detail::parse_payload(handle_->progress);
    }
    /// Set once completed.
    std::optional<Result> result() const
    {
        return record().result.empty() ? std::optional<Result>{} : decode<Result>(record().result);
    }
    const std::string& failed_reason() const { return record().failed_reason; }
    /// The newest failed attempts, oldest first. Filled by `queue::get_job` and `refresh` only.
    const std::vector<attempt>& attempts() const { return record().attempts; }

    /// In a processor: true once it has been asked to end (shutdown after the grace, or a lost lock).
    bool cancelled() const { return handle_->cancelled && handle_->cancelled->load(); }

    /// Stores the progress, any JSON. In a processor fenced by the lock: throws `errc::lock_lost` once it is
    /// another's; elsewhere allowed while nobody runs the job. `errc::payload_too_large` beyond the queue's size limit.
    boost::asio::awaitable<void> update_progress(boost::json::value progress) const
    {
        return detail::update_progress(handle_, detail::serialize_payload(progress));
    }
    /// Adds a line to the job's log. Fenced as `update_progress`. A line longer than 64 KiB is cut, with a marker.
    boost::asio::awaitable<void> log(std::string line) const { return detail::add_log(handle_, std::move(line)); }

    /// Reads the job anew. Throws `errc::not_found` when it has been removed.
    boost::asio::awaitable<void> refresh() const { return detail::refresh(handle_); }
    /// As the functions of `queue` with the same names; `remove` throws `errc::not_found` where there is nothing left.
    boost::asio::awaitable<void> promote() const { return detail::promote(handle_); }
    boost::asio::awaitable<void> retry(retry_options options = {}) const { return detail::retry(handle_, options); }
    boost::asio::awaitable<void> remove() const { return detail::remove(handle_); }

private:
    const job_record& record() const { return *handle_->job; }

    detail::job_ptr handle_{};
};

/// The job that `queue::add` stored, or found.
template <class Payload, class Result>
struct add_result : job<Payload, Result> {
    bool duplicate = false;  ///< A job with this id existed already: it is this one, and nothing was added.
};

/// A job that this program took by hand, with what it needs to finish it.
template <class Payload, class Result>
struct claimed_job {
    cofila::claim claim{};
    cofila::job<Payload, Result> job{};
};

}  // namespace cofila
