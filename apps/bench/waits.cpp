#include <cofila/worker.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/signals2/connection.hpp>

#include <stdexcept>

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

/// One add every 20 ms; the worker sleeps between them.
asio::awaitable<void> add_now_and_then(queue jobs, std::int64_t count, std::vector<double>* added)
{
    co_await pause(300ms);
    for (std::int64_t n = 0; n < count; ++n) {
        added->at(static_cast<std::size_t>(n)) = now();
        co_await jobs.add("job", {.n = n});
        co_await pause(20ms);
    }
}

}  // namespace

/// From the call of `add` to the processor.
asio::awaitable<object> add_to_start(task what, queue jobs)
{
    static constexpr std::int64_t warm_up = 20;
    const auto count = what.jobs + warm_up;
    std::vector<double> added(static_cast<std::size_t>(count));
    std::vector<double> times;
    times.reserve(added.size());
    std::int64_t left = count;
    worker working{
        jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            times.push_back(now() - added.at(static_cast<std::size_t>(one.data().n)));
            co_return nullptr;
        },
        {.concurrency = what.concurrency}
    };
    const boost::signals2::scoped_connection counting = jobs.events().completed.connect([&](const auto&) {
        if (--left == 0)
            working.stop();
    });
    co_await (working.run() && add_now_and_then(jobs, count, &added));
    times.erase(times.begin(), times.begin() + warm_up);
    object result{{"n", what.jobs}};
    for (auto& [name, value] : latencies(std::move(times)))
        result[name] = value;
    co_return result;
}

/// Delayed jobs that are due spread over ten seconds: how long after its time each one starts.
asio::awaitable<object> lateness(task what, queue jobs)
{
    static constexpr auto spread = 10s;
    static constexpr auto lead = 5s;  // for adding them
    const auto begin = std::chrono::system_clock::now() + lead;
    const auto due = [&](std::int64_t n) { return begin + spread * n / what.jobs; };
    std::vector<cofila::job_spec<message>> specs;
    for (std::int64_t n = 0; n < what.jobs; ++n) {
        const auto delay = std::chrono::ceil<cofila::milliseconds>(due(n) - std::chrono::system_clock::now());
        specs.push_back({.name = "job", .data = {.n = n}, .options = {.delay = delay}});
        if (specs.size() == 1000 || n + 1 == what.jobs)
            co_await jobs.add_bulk(std::exchange(specs, {}));
    }
    if (std::chrono::system_clock::now() > begin)
        throw std::runtime_error("adding took longer than the lead");
    std::vector<double> times;
    times.reserve(static_cast<std::size_t>(what.jobs));
    std::int64_t left = what.jobs;
    worker working{
        jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            const std::chrono::duration<double> late = std::chrono::system_clock::now() - due(one.data().n);
            times.push_back(late.count());
            co_return nullptr;
        },
        {.concurrency = what.concurrency}
    };
    const boost::signals2::scoped_connection counting = jobs.events().completed.connect([&](const auto&) {
        if (--left == 0)
            working.stop();
    });
    co_await working.run();
    object result{{"n", what.jobs}};
    for (auto& [name, value] : latencies(std::move(times)))
        result[name] = value;
    co_return result;
}

/// What a worker costs that has nothing to do.
asio::awaitable<object> idle(task what, queue jobs)
{
    static constexpr auto time = 10s;
    worker working{
        jobs, [](job) -> asio::awaitable<boost::json::value> { co_return nullptr; }, {.concurrency = what.concurrency}
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
    co_return object{{"cpu_ms_in_10_s", used * 1e3}};
}

}  // namespace bench
