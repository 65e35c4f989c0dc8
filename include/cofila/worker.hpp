#pragma once
#include <cofila/codec.hpp>
#include <cofila/detail/core.hpp>
#include <cofila/detail/typed.hpp>
#include <cofila/outcome.hpp>
#include <cofila/queue.hpp>
#include <cofila/worker_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace cofila {

/// Runs one attempt of a job. What it returns is the job's result; any exception fails the attempt (throw
/// `unrecoverable_error` to fail the job for good). It may run more than once for one job: after a crash the job is
/// given to another worker. Cancellation reaches it as `operation_aborted` at its next `co_await`.
template <class Payload, class Result>
using processor = std::function<boost::asio::awaitable<Result>(job<Payload, Result>)>;

/// One that may put its job off instead.
template <class Payload, class Result>
using deferring_processor = std::function<boost::asio::awaitable<outcome<Result>>(job<Payload, Result>)>;

/// What became of the jobs that were running when a worker was asked to close.
struct close_report {
    std::vector<job_id> finished{};   ///< Completed, failed or put off, also after they were cancelled.
    std::vector<job_id> cancelled{};  ///< Threw once they were asked to end; they wait again.
    std::vector<job_id> released{};   ///< Did not end in time and wait again.
    std::vector<job_id> abandoned{};  ///< Their processors still run, and what they return will be dropped.
    /// What became of them the store did not take: they stay locked until their locks run out, then others rescue them
    /// and they run again. Also those that had ended before the close, or had not started.
    std::vector<job_id> unstored{};
};

/// Takes jobs of a queue and runs them, at most `concurrency` at once. Not copyable, not movable. Constructing it
/// starts nothing; it keeps the processor until its last attempt has ended, so a capturing lambda is safe here.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). What is not awaited takes effect at once on
/// the engine's executor, elsewhere soon. Errors: the constructor throws `errc::invalid_argument` naming the option, or
/// the `processor` where that is empty.
template <class Payload = boost::json::value, class Result = boost::json::value>
class worker {
public:
    worker(
        queue<Payload, Result> from,
        std::type_identity_t<processor<Payload, Result>> run_job,
        worker_options options = {}
    )
        : core_{detail::make_worker(from.core(), untyped(std::move(run_job)), std::move(options))}
    {}
    worker(
        queue<Payload, Result> from,
        std::type_identity_t<deferring_processor<Payload, Result>> run_job,
        worker_options options = {}
    )
        : core_{detail::make_worker(from.core(), untyped(std::move(run_job)), std::move(options))}
    {}
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    ~worker() { detail::stop(core_, milliseconds{0}); }

    /// Works until the worker is closed, and returns when nothing of it is left (but for abandoned processors).
    /// Once only: `errc::invalid_argument` the second time. Cancellation: turned into `stop()`; it returns as usual.
    /// Errors of storage are told by the `error` event, and it goes on. But a damaged or replaced file ends it, one
    /// that a newer program has migrated, and one in which somebody has put a trigger on our tables: nothing more is
    /// claimed, and once what runs has ended it throws `errc::storage_corrupt`, `errc::storage_newer` or
    /// `errc::storage_foreign`.
    boost::asio::awaitable<close_report> run() { return detail::at_home(core_, detail::run(core_)); }

    /// Asks for the close with `worker_options::grace`, and returns at once; `run()` then ends.
    void stop() { detail::stop(core_, std::nullopt); }

    /// Stops claiming, lets running jobs finish while their locks are renewed, cancels them after `grace`, releases
    /// what has not ended a second later, and returns when `run()` has nothing left to do. What the store does not take
    /// by then (the disk is full) is given up. A second call shortens the
    /// grace if it asks for less. Safe without a `run()`, safe twice. Not from a processor of this worker: there use
    /// `stop()`.
    boost::asio::awaitable<close_report> close(std::optional<milliseconds> grace = {})
    {
        return detail::at_home(core_, detail::close(core_, grace));
    }

    /// Running jobs finish, no new ones are taken by this worker.
    void pause() { detail::set_paused(core_, true); }
    void resume() { detail::set_paused(core_, false); }
    /// 1 ... 10'000. Running jobs are left alone.
    void concurrency(int jobs) { detail::set_concurrency(core_, jobs); }

    /// Asks a job that this worker runs to end: it fails, whatever it returns, and is not tried again. False: it is not
    /// running here; off the engine's executor also true where it has ended and its outcome is just being stored.
    /// `queue::cancel` finds a job wherever it is.
    bool cancel_job(const job_id& id, std::string why) { return detail::cancel_job(core_, id, std::move(why)); }

    /// The same for every job that this worker runs or has claimed ahead. Returns how many there were; `pause` first,
    /// so that none takes their place.
    std::size_t cancel_all(std::string why) { return detail::cancel_all(core_, std::move(why)); }

    /// What this worker does. Whoever connects includes `cofila/events.hpp`.
    worker_events& events() { return detail::events(core_); }
    /// Unique: the name, then a random part.
    const std::string& id() const { return detail::id(core_); }

    const detail::worker_ptr& core() const noexcept { return core_; }  ///< For the library's own use.
    /// For the library's own use.
    template <class Processor>
    static detail::untyped_processor untyped(Processor run_job)
    {
        if (!run_job)
            return {};
        return [shared = std::make_shared<const Processor>(std::move(run_job))](detail::job_ptr handle) {
            return attempt(shared, job<Payload, Result>{std::move(handle)});
        };
    }

private:
    template <class Processor>
    static boost::asio::awaitable<detail::processed> attempt(
        std::shared_ptr<const Processor> run_job, job<Payload, Result> job
    )
    {
        if constexpr (std::is_same_v<Processor, deferring_processor<Payload, Result>>) {
            const auto returned = co_await (*run_job)(std::move(job));
            if (const auto* when = returned.put_off())
                co_return *when;
            co_return detail::encode_result<Result>(*returned.result());
        } else if constexpr (std::is_void_v<Result>) {
            co_await (*run_job)(std::move(job));
            co_return detail::encode_result<Result>({});
        } else {
            const auto returned = co_await (*run_job)(std::move(job));
            co_return detail::encode_result<Result>(returned);
        }
    }

    detail::worker_ptr core_;
};

}  // namespace cofila
