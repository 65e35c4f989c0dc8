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

/// For the tests of applications, whatever framework they use: nothing is written, nobody waits for time.
/// docs/testing.md shows how.
namespace cofila::testing {

/// Runs a test's coroutine on an `io_context` of its own until nothing is left to do, and throws what it throws.
void run(boost::asio::awaitable<void> test);

/// An engine that keeps its jobs in memory, and the clock that it goes by.
struct memory_engine {
    std::shared_ptr<manual_clock> clock{};
    cofila::engine engine{};
};

/// Opens one; what `options` say of clock, database and repository does not count.
boost::asio::awaitable<memory_engine> open_memory_engine(engine_options options = {});

struct run_options {
    /// How far a manual clock is moved: what is due later stays where it is. >= 0; 0: what is due now.
    milliseconds at_most = std::chrono::days{366};
    /// As many attempts are jobs that add one another without end. > 0.
    std::size_t attempts = 10'000;
    worker_options worker{};
};

/// What a worker told of while it ran: of each attempt, in their order. Those that were put off are in neither.
struct run_report {
    std::vector<job_id> processed{};  ///< Returned, and so completed.
    std::vector<job_id> failed{};     ///< Ended in failure; a job that was tried again is there once for each time.
};

/// What an expectation throws that is not met. The text says what was expected and which jobs there are.
class unmet_expectation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

using cofila::detail::at_home;
using cofila::detail::job_ptr;
using cofila::detail::queue_ptr;

boost::asio::awaitable<run_report> run_all(
    queue_ptr from, cofila::detail::untyped_processor processor, run_options options
);

/// What is expected of a job; `data`: JSON text.
struct expected_job {
    std::string name{};
    std::optional<std::string> data{};
};
boost::asio::awaitable<job_ptr> expect_job(queue_ptr in, expected_job what);
boost::asio::awaitable<void> expect_no_job(queue_ptr in, std::string name);

template <class Payload, class Result>
boost::asio::awaitable<job<Payload, Result>> typed(boost::asio::awaitable<job_ptr> found)
{
    co_return job<Payload, Result>{co_await std::move(found)};
}

}  // namespace detail

/// Runs the jobs of a queue through a worker of its own until none is left that can run, and closes that worker. Where
/// the engine has a `manual_clock`, it is moved to when the next job is due (a delay, a backoff, a rate limit), and so
/// on; with another clock, jobs that are not due yet stay. Jobs that a processor adds to the queue run too. Failures of
/// processors are what they are to a worker: look at the report, or at the job.
///
/// A processor that itself sleeps on the manual clock waits until somebody else moves it.
/// Errors: `errc::timed_out` beyond `run_options::attempts`; `errc::invalid_argument` (names the option).
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

/// The job that was added with this name and, where it is given, this data; of several the first that was added. It
/// may have ended meanwhile, but not been removed. Data are compared as JSON. Throws `unmet_expectation`.
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

/// Throws `unmet_expectation` where a job has this name; with an empty one, where there is any job.
template <class Payload, class Result>
boost::asio::awaitable<void> expect_no_job(queue<Payload, Result> in, std::string name = {})
{
    return detail::at_home(in.core(), detail::expect_no_job(in.core(), std::move(name)));
}

}  // namespace cofila::testing
