#pragma once
#include <cofila/cancel_reason.hpp>
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/detail/typed.hpp>
#include <cofila/failure.hpp>

#include <boost/json/value.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace cofila {

/// A snapshot of a job, and the operations on it, as a cheap, copyable handle. The snapshot is as of the call that
/// returned the handle; `refresh()` reads the job again. Copies share the snapshot. A default-constructed job refers to
/// nothing and must not be used.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). Only the caller's thread touches the
/// snapshot: like a vector, a handle and its copies must be used by one thread at a time. `queue::get_job` returns an
/// independent handle. Cancellation: an operation that has started is finished; the cancellation takes effect at the
/// next `co_await`.
template <class Payload = boost::json::value, class Result = boost::json::value>
class job {
public:
    job() = default;
    explicit job(detail::job_ptr handle) : handle_{std::move(handle)} {}

    const job_id& id() const { return record().id; }
    const std::string& name() const { return record().name; }
    const std::string& queue_name() const { return detail::name(handle_->queue); }
    /// Decodes the payload on each call, according to `queue_options::decoding`. Throws `errc::payload_undecodable`
    /// naming the path.
    Payload data() const { return decode<Payload>(record().data, how()); }
    /// Returns the resolved options: every member that has a default value is set. `id` is not set, and `delay` is not
    /// kept: see `run_at()`.
    const job_options& options() const { return *record().options; }

    job_state state() const { return record().state; }
    int attempts_made() const { return record().attempts_made; }        ///< Attempts that ended.
    int attempts_started() const { return record().attempts_started; }  ///< Claims, including the running one.
    int stalled_count() const { return record().stalled_count; }        ///< Rescues from a dead or stopped worker.
    int deferrals() const { return record().deferrals; }                ///< How often its processor deferred it.
    int priority() const { return record().priority; }                  ///< The current priority.

    time_point timestamp() const { return record().timestamp; }                       ///< When it was added.
    std::optional<time_point> run_at() const { return record().run_at; }              ///< Set while delayed.
    std::optional<time_point> processed_at() const { return record().processed_at; }  ///< When it was last claimed.
    std::optional<time_point> finished_at() const { return record().finished_at; }

    /// Returns the progress; null if none was reported.
    boost::json::value progress() const
    {
        return handle_->progress.empty() ? boost::json::value{} : detail::parse_payload(handle_->progress);
    }
    /// Returns the result; set once the job has completed. A job of `queue<Payload, void>` has none: see `state()`.
    std::optional<Result> result() const
        requires(!std::is_void_v<Result>)
    {
        return record().result.empty() ? std::optional<Result>{} : decode<Result>(record().result, how());
    }
    /// Returns why the job failed or, while it waits for another attempt, why its last attempt failed. Empty if there
    /// was no failure.
    const std::string& failed_reason() const { return record().failed_reason; }
    /// Returns the id of the worker that runs it or ran it last; empty if there is none.
    const std::string& worker() const { return record().worker; }
    /// Returns the newest failed attempts, oldest first. Only `queue::get_job` and `refresh` fill this list.
    const std::vector<attempt>& attempts() const { return record().attempts; }

    /// Returns why the job was cancelled, until the worker that runs it has ended it. In a processor, as of its last
    /// write.
    const std::optional<std::string>& cancel_requested() const { return record().cancelled; }

    /// Returns why the processor was asked to end, on whatever thread it runs; `none` in a handle outside of a
    /// processor.
    cofila::cancel_reason cancel_reason() const
    {
        return handle_->asked_to_end ? handle_->asked_to_end->load() : cofila::cancel_reason::none;
    }
    /// Returns true once the processor that has this handle has been asked to end.
    bool cancelled() const { return cancel_reason() != cofila::cancel_reason::none; }
    /// Throws `boost::system::system_error` with `operation_aborted` once the processor has been asked to end. For
    /// processors that compute, between two steps.
    void throw_if_cancelled() const { detail::throw_if_asked_to_end(cancel_reason()); }

    /// Stores the progress, which may be any JSON. In a processor the write is fenced by the lock: it throws
    /// `errc::lock_lost` once the lock is lost, and it learns of a cancellation that the store knows of. Elsewhere it
    /// is allowed while no worker runs the job. Throws `errc::payload_too_large` beyond the queue's size limit.
    boost::asio::awaitable<void> update_progress(boost::json::value progress) const
    {
        return detail::update_progress(handle_, detail::serialize_payload(progress));
    }
    /// Adds a line to the job's log. Fenced like `update_progress`. A line longer than 64 KiB is cut, with a marker.
    boost::asio::awaitable<void> log(std::string line) const { return detail::add_log(handle_, std::move(line)); }

    /// Replaces the stored data, for later attempts too. Fenced like `update_progress`; otherwise the errors of
    /// `queue::add`.
    boost::asio::awaitable<void> update_data(Payload data) const
    {
        return detail::update_data(handle_, detail::encode_as("data", data));
    }

    /// Reads the job again. Throws `errc::not_found` if it has been removed.
    boost::asio::awaitable<void> refresh() const { return detail::refresh(handle_); }
    /// Waits until the job has completed, here or in another process, and returns its result. Throws `errc::job_failed`
    /// with the reason, `errc::timed_out`, or `errc::not_found` if the job is removed before its end is known.
    /// Cancellation ends the wait at once. Must not be called by a processor of the job itself.
    boost::asio::awaitable<Result> wait_until_finished(milliseconds timeout) const
    {
        return detail::decode_result<Result>(detail::wait_until_finished(handle_, timeout), how());
    }
    /// Promotes the job. This and the next three functions act like those of `queue` with the same names; `remove`
    /// throws `errc::not_found` if the job no longer exists.
    boost::asio::awaitable<void> promote() const { return detail::change(handle_, promotion{}); }
    boost::asio::awaitable<void> retry(retry_options options = {}) const
    {
        return detail::change(handle_, retrial{.options = options});
    }
    boost::asio::awaitable<void> remove() const { return detail::remove(handle_); }
    boost::asio::awaitable<void> cancel(std::string why) const
    {
        return detail::change(handle_, cancellation{.why = std::move(why)});
    }
    /// Makes the job due `wait` from now (>= 0). Only for waiting and delayed jobs; otherwise throws
    /// `errc::wrong_state`.
    boost::asio::awaitable<void> change_delay(milliseconds wait) const
    {
        return detail::change(handle_, new_delay{.wait = wait});
    }
    /// Moves the job to the tail of that priority (to its head if `lifo`). Only for waiting and delayed jobs; otherwise
    /// throws `errc::wrong_state`. 0 ... 2'097'151.
    boost::asio::awaitable<void> change_priority(int priority, bool lifo = false) const
    {
        return detail::change(handle_, new_priority{.priority = priority, .lifo = lifo});
    }

    const detail::job_ptr& handle() const noexcept { return handle_; }  ///< For the library's own use.

private:
    const job_record& record() const { return *handle_->job; }
    decoding how() const { return detail::how_to_decode(handle_->queue); }

    detail::job_ptr handle_{};
};

/// The job that `queue::add` stored or found.
template <class Payload, class Result>
struct add_result : job<Payload, Result> {
    bool duplicate = false;  ///< True if a job with this id existed already: it is this one, and nothing was added.
    /// The job that owns the deduplication id. This handle refers to that owner or, with `keep_last`, to the job that
    /// is added when the owner has finished.
    std::optional<job_id> deduplicated_by{};
};

/// A job that this program claimed by hand, with the claim that is needed to finish it.
template <class Payload, class Result>
struct claimed_job {
    cofila::claim claim{};
    cofila::job<Payload, Result> job{};
};

}  // namespace cofila
