#pragma once
#include <cofila/codec.hpp>
#include <cofila/engine.hpp>
#include <cofila/queue.hpp>
#include <cofila/testing/manual_clock.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// For the tests of applications, with any test framework: nothing is written to disk, and no test waits for real time.
/// The documentation has a page about such tests.
namespace cofila::testing {

/// Runs a test's coroutine on an `io_context` of its own until no work is left, and throws what the coroutine throws.
void run(boost::asio::awaitable<void> test);

/// An engine that keeps its jobs in memory, and the clock that it uses.
struct memory_engine {
    std::shared_ptr<manual_clock> clock{};
    cofila::engine engine{};
};

/// Opens a memory engine. The clock, database and repository of `options` are ignored.
boost::asio::awaitable<memory_engine> open_memory_engine(engine_options options = {});

struct run_options {
    /// The most that a manual clock is moved: jobs that are due later stay where they are. >= 0; with 0 only jobs that
    /// are due now run.
    milliseconds at_most = std::chrono::days{366};
    /// More attempts than this mean that jobs add one another endlessly. > 0.
    std::size_t attempts = 10'000;
    worker_options worker{};
};

/// What a worker reported while it ran, for each attempt in order. Deferred attempts are in neither list.
struct run_report {
    std::vector<job_id> processed{};  ///< The processor returned, so the job completed.
    std::vector<job_id> failed{};     ///< The attempt failed; a retried job is listed once per failed attempt.
};

/// Thrown by an expectation that is not met. The text says what was expected and which jobs exist.
class unmet_expectation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

using cofila::detail::at_home;
using cofila::detail::job_ptr;
using cofila::detail::queue_ptr;

boost::asio::awaitable<run_report> run_all(
    queue_ptr queue, cofila::detail::untyped_processor processor, run_options options
);

/// The expected job; `data` is JSON text.
struct expected_job {
    std::string name{};
    std::optional<std::string> data{};
};
boost::asio::awaitable<job_ptr> expect_job(queue_ptr queue, expected_job what);
boost::asio::awaitable<void> expect_no_job(queue_ptr queue, std::string name);

template <class Payload, class Result>
boost::asio::awaitable<job<Payload, Result>> typed(boost::asio::awaitable<job_ptr> found)
{
    co_return job<Payload, Result>{co_await std::move(found)};
}

}  // namespace detail

/// Runs the jobs of a queue through a worker of its own until no job is left that can run, closes that worker and
/// returns its report. If the engine has a `manual_clock`, the clock is moved to the time at which the next job is due
/// (after a delay, a backoff, a rate limit), and so on; with another clock, jobs that are not due yet stay. Jobs that a
/// processor adds to the queue run too. A failing processor fails its attempt as in any worker: see the report or the
/// job.
///
/// A processor that itself sleeps on the manual clock waits until other code moves the clock.
/// Errors: `errc::timed_out` beyond `run_options::attempts`; `errc::invalid_argument` naming the option.
template <class Payload, class Result>
boost::asio::awaitable<run_report> run_all(
    queue<Payload, Result> from, std::type_identity_t<processor<Payload, Result>> run_job, run_options options = {}
)
{
    auto processor = worker<Payload, Result>::untyped(std::move(run_job));
    return detail::at_home(from.core(), detail::run_all(from.core(), std::move(processor), std::move(options)));
}
template <class Payload, class Result>
boost::asio::awaitable<run_report> run_all(
    queue<Payload, Result> from,
    std::type_identity_t<deferring_processor<Payload, Result>> run_job,
    run_options options = {}
)
{
    auto processor = worker<Payload, Result>::untyped(std::move(run_job));
    return detail::at_home(from.core(), detail::run_all(from.core(), std::move(processor), std::move(options)));
}

/// Returns the job that was added with this name and, if given, this data; of several such jobs, the first one added.
/// The job may have ended but must not have been removed. Data are compared as JSON. Throws `unmet_expectation` if
/// there is no such job.
template <class Payload, class Result>
boost::asio::awaitable<job<Payload, Result>> expect_job(
    queue<Payload, Result> in, std::string name, std::optional<std::type_identity_t<Payload>> data = {}
)
{
    detail::expected_job what{.name = std::move(name)};
    if (data)
        what.data = cofila::detail::encode_as("data", *data);
    return detail::typed<Payload, Result>(detail::at_home(in.core(), detail::expect_job(in.core(), std::move(what))));
}

/// Throws `unmet_expectation` if a job has this name or, with an empty name, if there is any job.
template <class Payload, class Result>
boost::asio::awaitable<void> expect_no_job(queue<Payload, Result> in, std::string name = {})
{
    return detail::at_home(in.core(), detail::expect_no_job(in.core(), std::move(name)));
}

}  // namespace cofila::testing
