#include <cofila/events.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/array.hpp>
#include <boost/signals2/connection.hpp>

#include <functional>
#include <stdexcept>
#include <utility>

#include "measures.hpp"
#include "workloads.hpp"

namespace bench {

namespace asio = boost::asio;
using boost::json::object;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

namespace {

using worker = cofila::worker<message>;
using job = cofila::job<message>;

/// Jobs before the measurement, so that no first start is measured.
constexpr std::int64_t warm_up = 20;

/// Adds a job every 20 ms; the worker sleeps in between.
asio::awaitable<void> add_now_and_then(queue jobs, std::int64_t count, std::vector<double>* added)
{
    co_await pause(300ms);
    for (std::int64_t n = 0; n < count; ++n) {
        added->at(static_cast<std::size_t>(n)) = now();
        co_await jobs.add("job", {.n = n});
        co_await pause(20ms);
    }
}

/// Runs a worker until this many jobs are completed, notes each start, and checks that each job was delivered exactly
/// once.
asio::awaitable<void> run_until_completed(
    queue jobs, std::int64_t count, int concurrency, std::function<void(std::int64_t)> started
)
{
    deliveries delivered;
    std::int64_t left = count;
    worker working{
        jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            const auto number = one.data().n;
            started(number);
            delivered.processed(number);
            co_return nullptr;
        },
        {.concurrency = concurrency}
    };
    const boost::signals2::scoped_connection counting = jobs.events().completed.connect([&](const auto&) {
        if (--left == 0)
            working.stop();
    });
    co_await working.run();
    co_await require_exact(jobs, std::move(delivered), count);
}

object with_latencies(object result, std::vector<double> times)
{
    for (auto& [name, value] : latencies(std::move(times)))
        result[name] = value;
    return result;
}

boost::json::array array_of(const std::vector<double>& times) { return boost::json::array(times.begin(), times.end()); }

}  // namespace

/// The time from the call of `add` to the processor.
asio::awaitable<object> add_to_start(task work, queue jobs)
{
    const auto count = work.jobs + warm_up;
    std::vector<double> added(static_cast<std::size_t>(count));
    std::vector<double> times(added.size());
    const auto start = [&](std::int64_t number) {
        const auto n = static_cast<std::size_t>(number);
        times.at(n) = now() - added.at(n);
    };
    co_await (run_until_completed(jobs, count, work.concurrency, start) && add_now_and_then(jobs, count, &added));
    auto result = paced(work.jobs, now() - added.at(warm_up));
    times.erase(times.begin(), times.begin() + warm_up);
    co_return with_latencies(std::move(result), std::move(times));
}

/// The same in two processes. This one has the worker.
asio::awaitable<object> start_what_others_add(task work, queue jobs)
{
    const auto count = work.jobs + warm_up;
    std::vector<double> times(static_cast<std::size_t>(count));
    const auto start = [&](std::int64_t number) { times.at(static_cast<std::size_t>(number)) = now(); };
    co_await run_until_completed(jobs, count, work.concurrency, start);
    co_return object{{"started", array_of(times)}};
}

asio::awaitable<object> add_for_others(task work, queue jobs)
{
    const auto count = work.jobs + warm_up;
    std::vector<double> added(static_cast<std::size_t>(count));
    co_await add_now_and_then(jobs, count, &added);
    co_return object{{"jobs", work.jobs}, {"added", array_of(added)}};
}

/// Delayed jobs, due at times spread over ten seconds: how late each one starts.
asio::awaitable<object> lateness(task work, queue jobs)
{
    static constexpr std::chrono::nanoseconds spread = 10s;  // in whole seconds ten crowds would be due
    static constexpr auto lead = 5s;                         // for adding them
    const auto begin = std::chrono::system_clock::now() + lead;
    const auto due = [&](std::int64_t n) { return begin + spread * n / work.jobs; };
    std::vector<cofila::job_spec<message>> specs;
    for (std::int64_t n = 0; n < work.jobs; ++n) {
        const auto delay = std::chrono::ceil<cofila::milliseconds>(due(n) - std::chrono::system_clock::now());
        specs.push_back({.name = "job", .data = {.n = n}, .options = {.delay = delay}});
        if (specs.size() == 1000 || n + 1 == work.jobs)
            co_await jobs.add_bulk(std::exchange(specs, {}));
    }
    if (std::chrono::system_clock::now() > begin)
        throw std::runtime_error("adding took longer than the lead");
    std::vector<double> times(static_cast<std::size_t>(work.jobs));
    const auto start = [&](std::int64_t number) {
        const std::chrono::duration<double> late = std::chrono::system_clock::now() - due(number);
        times.at(static_cast<std::size_t>(number)) = late.count();
    };
    co_await run_until_completed(jobs, work.jobs, work.concurrency, start);
    const std::chrono::duration<double> seconds = std::chrono::system_clock::now() - begin;
    co_return with_latencies(paced(work.jobs, seconds.count()), std::move(times));
}

/// What an idle worker costs.
asio::awaitable<object> idle(task work, queue jobs)
{
    static constexpr auto time = 10s;
    worker working{
        jobs, [](job) -> asio::awaitable<boost::json::value> { co_return nullptr; }, {.concurrency = work.concurrency}
    };
    double used = 0;
    // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): it is there until it has ended
    const auto watch = [&]() -> asio::awaitable<void> {
        co_await pause(1s);
        const auto before = cpu_seconds();
        co_await pause(time);
        used = cpu_seconds() - before;
        working.stop();
    };
    co_await (working.run() && watch());
    auto result = paced(0, 10);
    result["cpu_ms_in_10_s"] = used * 1e3;
    co_return result;
}

}  // namespace bench
