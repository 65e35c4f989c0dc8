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

/// A cheap, copyable handle: a snapshot of a job, and the operations on it. What it tells is as of the call that
/// returned it; `refresh()` reads it anew. Copies share the snapshot. A default-constructed job refers to nothing and
/// must not be used.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). The snapshot is touched by the caller's
/// thread only: a handle and its copies are used by one thread at a time, as a vector is; `queue::get_job` gives
/// another. Cancellation: an operation that was started is finished; a cancellation takes effect at the next
/// `co_await`.
template <class Payload = boost::json::value, class Result = boost::json::value>
class job {
public:
    job() = default;
    explicit job(detail::job_ptr handle) : handle_{std::move(handle)} {}

    const job_id& id() const { return record().id; }
    const std::string& name() const { return record().name; }
    const std::string& queue_name() const { return detail::name(handle_->queue); }
    /// Decodes the payload, each time, by `queue_options::decoding`. Throws `errc::payload_undecodable` naming the
    /// path.
    Payload data() const { return decode<Payload>(record().data, how()); }
    /// Resolved: every member that has a default value is set. `id` is not, and `delay` is not kept: see `run_at()`.
    const job_options& options() const { return *record().options; }

    job_state state() const { return record().state; }
    int attempts_made() const { return record().attempts_made; }        ///< Attempts that ended.
    int attempts_started() const { return record().attempts_started; }  ///< Claims; counts the running one.
    int stalled_count() const { return record().stalled_count; }        ///< Rescues from a dead or stopped worker.
    int deferrals() const { return record().deferrals; }                ///< How often its processor put it off.
    int priority() const { return record().priority; }                  ///< As it is now.

    time_point timestamp() const { return record().timestamp; }                       ///< When it was added.
    std::optional<time_point> run_at() const { return record().run_at; }              ///< While delayed.
    std::optional<time_point> processed_at() const { return record().processed_at; }  ///< Last claimed.
    std::optional<time_point> finished_at() const { return record().finished_at; }

    /// Null where none was reported.
    boost::json::value progress() const
    {
        return handle_->progress.empty() ? boost::json::value{} : detail::parse_payload(handle_->progress);
    }
    /// Set once completed. A job of `queue<Payload, void>` has none: see `state()`.
    std::optional<Result> result() const
        requires(!std::is_void_v<Result>)
    {
        return record().result.empty() ? std::optional<Result>{} : decode<Result>(record().result, how());
    }
    /// Why it failed, or, while it is to be tried again, why its last attempt did. Empty where none has.
    const std::string& failed_reason() const { return record().failed_reason; }
    /// The id of the worker that runs it, or ran it last; empty where none has.
    const std::string& worker() const { return record().worker; }
    /// The newest failed attempts, oldest first. Filled by `queue::get_job` and `refresh` only.
    const std::vector<attempt>& attempts() const { return record().attempts; }

    /// Why it was cancelled, while whoever runs it has yet to end it. In a processor as of its last write.
    const std::optional<std::string>& cancel_requested() const { return record().cancelled; }

    /// In a processor: why it was asked to end, on whatever thread it runs; in all other handles none.
    cofila::cancel_reason cancel_reason() const
    {
        return handle_->asked_to_end ? handle_->asked_to_end->load() : cofila::cancel_reason::none;
    }
    /// In a processor: true once it has been asked to end.
    bool cancelled() const { return cancel_reason() != cofila::cancel_reason::none; }
    /// Once it has been asked to end: throws `boost::system::system_error` with `operation_aborted`. For processors
    /// that compute, between two steps.
    void throw_if_cancelled() const { detail::throw_if_asked_to_end(cancel_reason()); }

    /// Stores the progress, any JSON. In a processor fenced by the lock: throws `errc::lock_lost` once it is
    /// another's, and a cancellation that the store knows of is heard; elsewhere allowed while nobody runs the job.
    /// `errc::payload_too_large` beyond the queue's size limit.
    boost::asio::awaitable<void> update_progress(boost::json::value progress) const
    {
        return detail::update_progress(handle_, detail::serialize_payload(progress));
    }
    /// Adds a line to the job's log. Fenced as `update_progress`. A line longer than 64 KiB is cut, with a marker.
    boost::asio::awaitable<void> log(std::string line) const { return detail::add_log(handle_, std::move(line)); }

    /// Stores other data in the place of its own, for the next attempt too. Fenced as `update_progress`; errors as of
    /// `queue::add`.
    boost::asio::awaitable<void> update_data(Payload data) const
    {
        return detail::update_data(handle_, detail::encode_as("data", data));
    }

    /// Reads the job anew. Throws `errc::not_found` when it has been removed.
    boost::asio::awaitable<void> refresh() const { return detail::refresh(handle_); }
    /// Waits until the job has completed, here or in another process, and answers its result. Throws
    /// `errc::job_failed` with its reason, `errc::timed_out`, and `errc::not_found` when it is removed before its end
    /// is known. Cancellation ends the wait at once. Not from a processor of the job itself.
    boost::asio::awaitable<Result> wait_until_finished(milliseconds timeout) const
    {
        return detail::decode_result<Result>(detail::wait_until_finished(handle_, timeout), how());
    }
    /// As the functions of `queue` with the same names; `remove` throws `errc::not_found` where there is nothing left.
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
    /// It is due so long from now: a waiting or delayed job, else `errc::wrong_state`. >= 0.
    boost::asio::awaitable<void> change_delay(milliseconds wait) const
    {
        return detail::change(handle_, new_delay{.wait = wait});
    }
    /// It goes to the tail of that priority (to its head if `lifo`): a waiting or delayed job, else
    /// `errc::wrong_state`. 0 ... 2'097'151.
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

/// The job that `queue::add` stored, or found.
template <class Payload, class Result>
struct add_result : job<Payload, Result> {
    bool duplicate = false;  ///< A job with this id existed already: it is this one, and nothing was added.
    /// The job that owns the deduplication id. This is that one, or, with `keep_last`, the one that is added at its
    /// end.
    std::optional<job_id> deduplicated_by{};
};

/// A job that this program took by hand, with what it needs to finish it.
template <class Payload, class Result>
struct claimed_job {
    cofila::claim claim{};
    cofila::job<Payload, Result> job{};
};

}  // namespace cofila
