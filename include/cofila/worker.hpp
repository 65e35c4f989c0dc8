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

/// Runs one attempt of a job and returns its result. Any exception fails the attempt (throw `unrecoverable_error` to
/// fail the job for good). It may run more than once for one job: after a crash the job goes to another worker.
/// Cancellation reaches it as `operation_aborted` at its next `co_await`.
template <class Payload, class Result>
using processor = std::function<boost::asio::awaitable<Result>(job<Payload, Result>)>;

/// A processor that may defer its job instead.
template <class Payload, class Result>
using deferring_processor = std::function<boost::asio::awaitable<outcome<Result>>(job<Payload, Result>)>;

/// What became of the jobs that were running when a worker was asked to close.
struct close_report {
    std::vector<job_id> finished{};   ///< Completed, failed or deferred, even after they were cancelled.
    std::vector<job_id> cancelled{};  ///< Threw once they were asked to end; they wait again.
    std::vector<job_id> released{};   ///< Did not end in time; they wait again.
    std::vector<job_id> abandoned{};  ///< Their processors still run; what they return will be dropped.
    /// The store did not take their outcome. They stay locked until their locks end, then they are rescued and run
    /// again; a job whose lock was lost may have been rescued already. Includes jobs that had ended before the close,
    /// or had not started.
    std::vector<job_id> unstored{};
};

/// Claims jobs of a queue and runs them, at most `concurrency` at once. Not copyable, not movable. Constructing it
/// starts nothing. It keeps the processor until its last attempt has ended, so a capturing lambda is safe here.
///
/// Thread: any; awaitables may be awaited on any executor (see `engine`). A call that is not awaited takes effect at
/// once on the engine's executor, and soon on any other. Errors: the constructor throws `errc::invalid_argument` naming
/// the option, or `processor` if that is empty.
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

    /// Works until the worker is closed, and returns when nothing of it is left (except abandoned processors). May be
    /// called once: throws `errc::invalid_argument` the second time. Cancellation: acts as `stop()`; the call returns
    /// as usual. Storage errors are reported by the `error` event, and the worker continues. But it ends on a damaged
    /// or replaced file, on a file that a newer program has migrated, and on one with a foreign trigger on cofila's
    /// tables: nothing more is claimed, and once the running jobs have ended it throws `errc::storage_corrupt`,
    /// `errc::storage_newer` or `errc::storage_foreign`.
    boost::asio::awaitable<close_report> run() { return detail::at_home(core_, detail::run(core_)); }

    /// Asks the worker to close with `worker_options::grace`, and returns at once; `run()` then ends.
    void stop() { detail::stop(core_, std::nullopt); }

    /// Stops claiming, lets running jobs finish while their locks are renewed, cancels them after `grace`, releases
    /// those that have not ended a second later, and returns when `run()` has nothing left to do. The default of
    /// `grace` is `worker_options::grace`. Outcomes that the store does not take by then (the disk is full) are given
    /// up. A second call shortens the grace if it asks for less. Safe without a `run()`, safe twice. Must not be called
    /// by a processor of this worker: use `stop()` there.
    boost::asio::awaitable<close_report> close(std::optional<milliseconds> grace = {})
    {
        return detail::at_home(core_, detail::close(core_, grace));
    }

    /// Makes this worker claim no new jobs. Running jobs finish.
    void pause() { detail::set_paused(core_, true); }
    void resume() { detail::set_paused(core_, false); }
    /// Sets how many jobs run at once. 1 ... 10'000. Running jobs are left alone.
    void concurrency(int jobs) { detail::set_concurrency(core_, jobs); }

    /// Asks a job that this worker runs to end: it fails, whatever it returns, and is not retried. Returns false if the
    /// job is not running here. Off the engine's executor it also returns true if the job has ended and its outcome is
    /// still being stored. `queue::cancel` finds a job wherever it is.
    bool cancel_job(const job_id& id, std::string why) { return detail::cancel_job(core_, id, std::move(why)); }

    /// Cancels every job that this worker runs or has claimed ahead, in the same way, and returns their number. Call
    /// `pause` first, so that no other jobs take their place.
    std::size_t cancel_all(std::string why) { return detail::cancel_all(core_, std::move(why)); }

    /// Returns the signals for what this worker does. To connect to them, include `cofila/events.hpp`.
    worker_events& events() { return detail::events(core_); }
    /// Returns the unique id: the name, then a random part.
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
