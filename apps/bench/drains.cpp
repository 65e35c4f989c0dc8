#include <cofila/events.hpp>
#include <cofila/worker.hpp>

#include <boost/signals2/connection.hpp>

#include <stdexcept>

#include "measures.hpp"
#include "workloads.hpp"

namespace bench {

namespace asio = boost::asio;
using boost::json::object;
using boost::signals2::scoped_connection;

namespace {

using worker = cofila::worker<message>;
using job = cofila::job<message>;

cofila::worker_options options_of(const task& work)
{
    return {.concurrency = work.concurrency, .prefetch = work.prefetch};
}

void require(bool holds, const char* what)
{
    if (!holds)
        throw std::runtime_error(what);
}

}  // namespace

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): the caller keeps its worker and waits at once
asio::awaitable<double> run_until_completed(worker& working, queue jobs, std::int64_t count)
{
    double end = 0;
    const scoped_connection counting = jobs.events().completed.connect([&](const cofila::completed_event&) {
        if (--count != 0)
            return;
        end = now();
        working.stop();
    });
    const auto start = now();
    co_await working.run();
    require(count <= 0, "jobs were lost");
    co_return end - start;
}

asio::awaitable<object> drain(task work, queue jobs)
{
    deliveries delivered;
    worker working{
        jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            delivered.processed(one.data().n);
            co_return nullptr;
        },
        options_of(work)
    };
    const auto before = co_await jobs.get_job_counts();
    const auto seconds = co_await run_until_completed(working, jobs, work.jobs);
    const auto after = co_await jobs.get_job_counts();
    require(delivered.exact(after.completed - before.completed), "a job was not processed and completed exactly once");
    require(after.active == 0 && after.failed == 0, "a job was left behind");
    co_return rate(work.jobs, seconds);
}

/// Each job may be tried twice, without a pause; the first attempt fails.
asio::awaitable<object> drain_failing_once(task work, queue jobs)
{
    std::vector<cofila::job_spec<message>> specs;
    for (std::int64_t n = 0; n < work.jobs; ++n)
        specs.push_back({.name = "job", .data = {.n = n}, .options = {.attempts = 2}});
    co_await jobs.add_bulk(std::move(specs));
    deliveries delivered;
    worker working{
        jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            delivered.processed(one.data().n);
            if (one.attempts_made() == 0)
                throw std::runtime_error("once");
            co_return nullptr;
        },
        options_of(work)
    };
    const auto seconds = co_await run_until_completed(working, jobs, work.jobs);
    const auto counts = co_await jobs.get_job_counts();
    const auto expected = static_cast<std::size_t>(work.jobs);
    require(delivered.exact(expected, 2), "a job was not tried exactly twice");
    require(counts == cofila::job_counts{.completed = expected}, "a job was not completed");
    co_return rate(work.jobs, seconds);
}

}  // namespace bench
