#pragma once
#include <cofila/detail/blocking_core.hpp>
#include <cofila/engine.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// For programs without coroutines: an engine on a thread of its own, and calls that return when they are done. They do
/// and throw what the functions of the same names in `cofila` do and throw.
///
/// Thread: any but the engine's own thread, on which slots run. There a call would wait for itself and therefore throws
/// `errc::wrong_state`. Lifetime: a handle may outlive the engine; its calls then throw `errc::closed`.
namespace cofila::blocking {

/// A snapshot of a job, and the operations on it. A handle and its copies must be used by one thread at a time.
template <class Payload = boost::json::value, class Result = boost::json::value>
class job : public cofila::job<Payload, Result> {
public:
    using base = cofila::job<Payload, Result>;

    job(detail::blocking_ptr core, base of) : base{std::move(of)}, core_{std::move(core)} {}

    void update_progress(boost::json::value progress) const { wait(base::update_progress(std::move(progress))); }
    void log(std::string line) const { wait(base::log(std::move(line))); }
    void update_data(Payload data) const { wait(base::update_data(std::move(data))); }
    void refresh() const { wait(base::refresh()); }
    Result wait_until_finished(milliseconds timeout) const { return wait(base::wait_until_finished(timeout)); }
    void promote() const { wait(base::promote()); }
    void retry(retry_options options = {}) const { wait(base::retry(options)); }
    void remove() const { wait(base::remove()); }
    void cancel(std::string why) const { wait(base::cancel(std::move(why))); }
    void change_delay(milliseconds delay) const { wait(base::change_delay(delay)); }
    void change_priority(int priority, bool lifo = false) const { wait(base::change_priority(priority, lifo)); }

private:
    template <class T>
    T wait(boost::asio::awaitable<T> call) const
    {
        return detail::wait_for_result(core_, std::move(call));
    }

    detail::blocking_ptr core_;
};

/// A cheap, copyable handle to a queue.
template <class Payload = boost::json::value, class Result = boost::json::value>
class queue {
public:
    using job_type = job<Payload, Result>;

    queue(detail::blocking_ptr core, cofila::queue<Payload, Result> of) : core_{std::move(core)}, queue_{std::move(of)}
    {}

    added add(std::string name, Payload data, job_options options = {}) const
    {
        auto done = wait(queue_.add(std::move(name), std::move(data), std::move(options)));
        return {.id = done.id(), .duplicate = done.duplicate, .deduplicated_by = std::move(done.deduplicated_by)};
    }
    std::vector<added> add_bulk(std::vector<job_spec<Payload>> jobs) const
    {
        return wait(queue_.add_bulk(std::move(jobs)));
    }
    std::optional<job_type> get_job(job_id id) const
    {
        auto found = wait(queue_.get_job(std::move(id)));
        return found ? std::optional{job_type{core_, std::move(*found)}} : std::nullopt;
    }
    job_counts get_job_counts() const { return wait(queue_.get_job_counts()); }
    Result wait_until_finished(job_id id, milliseconds timeout) const
    {
        return wait(queue_.wait_until_finished(std::move(id), timeout));
    }
    queue_events& events() const { return queue_.events(); }

    /// Gives access to everything else: `jobs.wait(jobs.inner().pause())`.
    const cofila::queue<Payload, Result>& inner() const noexcept { return queue_; }
    template <class T>
    T wait(boost::asio::awaitable<T> call) const
    {
        return detail::wait_for_result(core_, std::move(call));
    }

    const detail::blocking_ptr& core() const noexcept { return core_; }  ///< For the library's own use.

private:
    detail::blocking_ptr core_;
    cofila::queue<Payload, Result> queue_;
};

/// A worker whose processor is a plain function. The processor runs on threads of the worker's own, one for each of
/// `worker_options::concurrency`, or on `worker_options::executor`. It should check `job.cancelled()` now and then,
/// because it has no `co_await` at which a cancellation could reach it. Not copyable, not movable.
template <class Payload = boost::json::value, class Result = boost::json::value>
class worker {
public:
    using processor = std::function<Result(job<Payload, Result>)>;

    /// Starts the threads, and nothing on them. Throws `errc::invalid_argument` naming the option.
    worker(queue<Payload, Result> from, processor run_job, worker_options options = {})
        : core_{from.core()},
          threads_{own_threads(options)},
          inner_{from.inner(), erase(core_, std::move(run_job)), on(threads_, std::move(options))}
    {}
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;
    /// Closes the worker and waits until its processors have returned, including abandoned ones.
    ~worker()
    {
        try {
            close();
        } catch (...) {  // the engine is closed, and so is its worker
        }
        threads_.join();
    }

    /// Works until the worker is closed by `stop`, by `close` or by the end of the engine.
    close_report run() { return detail::wait_for_result(core_, inner_.run()); }
    void stop() { inner_.stop(); }
    /// Closes the worker, as `cofila::worker::close` does. Must not be called by the worker's own processor: use `stop`
    /// there.
    close_report close(std::optional<milliseconds> grace = {})
    {
        return detail::wait_for_result(core_, inner_.close(grace));
    }
    worker_events& events() { return inner_.events(); }
    const std::string& id() const { return inner_.id(); }

    const detail::worker_ptr& core() const noexcept { return inner_.core(); }  ///< For the library's own use.

private:
    /// None for a number that is out of range, which the worker itself refuses.
    static std::size_t own_threads(const worker_options& options)
    {
        const bool needed = !options.executor && options.concurrency >= 1 && options.concurrency <= 10'000;
        return needed ? static_cast<std::size_t>(options.concurrency) : 0;
    }

    static worker_options on(boost::asio::thread_pool& threads, worker_options options)
    {
        if (!options.executor)
            options.executor = threads.get_executor();
        return options;
    }

    static cofila::processor<Payload, Result> erase(detail::blocking_ptr core, processor run_job)
    {
        if (!run_job)
            return {};  // refused by the worker itself
        return [core = std::move(core),
                shared = std::make_shared<const processor>(std::move(run_job))](cofila::job<Payload, Result> one) {
            return attempt(shared, job<Payload, Result>{core, std::move(one)});
        };
    }

    static boost::asio::awaitable<Result> attempt(std::shared_ptr<const processor> run_job, job<Payload, Result> one)
    {
        co_return (*run_job)(std::move(one));
    }

    detail::blocking_ptr core_;
    boost::asio::thread_pool threads_;
    cofila::worker<Payload, Result> inner_;
};

/// An engine and the thread that runs it. Not copyable, not movable.
class engine {
public:
    /// Opens the engine. Errors: those of `cofila::engine::open`.
    explicit engine(engine_options options) : core_{detail::open_blocking(std::move(options))} {}
    engine(const engine&) = delete;
    engine& operator=(const engine&) = delete;
    /// Closes the engine; an error of the close is lost.
    ~engine()
    {
        try {
            close();
        } catch (...) {  // no caller is left to report it to
        }
    }

    template <class Payload = boost::json::value, class Result = boost::json::value>
    blocking::queue<Payload, Result> queue(std::string name) const
    {
        return {core_, detail::engine_of(core_).template queue<Payload, Result>(std::move(name))};
    }
    template <class Payload = boost::json::value, class Result = boost::json::value>
    blocking::queue<Payload, Result> queue(std::string name, queue_options options) const
    {
        return {core_, detail::engine_of(core_).template queue<Payload, Result>(std::move(name), std::move(options))};
    }

    /// Closes the running workers (with their grace), the queues and the store, and joins the thread. Idempotent.
    void close() { detail::close(core_); }

private:
    detail::blocking_ptr core_;
};

}  // namespace cofila::blocking
