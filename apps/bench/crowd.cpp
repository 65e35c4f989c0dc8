#include <cofila/events.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/array.hpp>
#include <boost/signals2/connection.hpp>

#include <SQLiteCpp/Database.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "measures.hpp"
#include "workloads.hpp"

/// Many processes on one file, each with a worker of two slots, and one that adds jobs of a millisecond.
namespace bench {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::json::object;
using boost::signals2::scoped_connection;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

namespace {

using worker = cofila::worker<message>;
using job = cofila::job<message>;

/// A signal to all processes: a file beside the database.
class sign {
public:
    sign(const task& work, const char* name) : path_{work.database + name} {}

    void give() const { std::ofstream{path_}; }
    asio::awaitable<void> wait() const { return wait_for(path_); }

private:
    static asio::awaitable<void> wait_for(fs::path path)
    {
        while (!fs::exists(path))
            co_await pause(100ms);
    }

    const fs::path path_;
};

asio::awaitable<void> all_registered(std::string database, std::int64_t count)
{
    const SQLite::Database db{database, SQLite::OPEN_READONLY};
    const auto registered = [&] {
        SQLite::Statement query{db, "SELECT count(*) FROM cofila_workers"};
        return query.executeStep() ? query.getColumn(0).getInt64() : 0;
    };
    while (registered() < count)
        co_await pause(100ms);
}

asio::awaitable<void> all_completed(queue jobs, std::size_t count)
{
    for (cofila::job_counts counts; counts.completed + counts.failed < count;) {
        co_await pause(100ms);
        counts = co_await jobs.get_job_counts();
    }
}

boost::json::array array_of(const std::vector<double>& times) { return boost::json::array(times.begin(), times.end()); }

}  // namespace

/// One of the crowd: the CPU time it used from the first job to the last of all.
asio::awaitable<object> work_in_a_crowd(task work, queue jobs)
{
    const sign begin{work, ".begin"};
    const sign end{work, ".end"};
    std::vector<double> started(static_cast<std::size_t>(work.jobs));
    deliveries delivered;
    worker working{
        jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            started.at(static_cast<std::size_t>(one.data().n)) = now();
            delivered.processed(one.data().n);
            co_await pause(1ms);
            co_return nullptr;
        },
        {.concurrency = work.concurrency, .lock_duration = 10s}
    };
    std::int64_t completed = 0;
    std::int64_t lost = 0;
    std::int64_t stalled = 0;
    const scoped_connection counting = jobs.events().completed.connect([&](const auto&) { ++completed; });
    const scoped_connection losing = working.events().lock_lost.connect([&](const auto&) { ++lost; });
    const scoped_connection stalling = jobs.events().stalled.connect([&](const auto&) { ++stalled; });
    double used = 0;
    // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): it is there until it has ended
    const auto measure = [&]() -> asio::awaitable<void> {
        co_await begin.wait();
        const auto before = cpu_seconds();
        co_await end.wait();
        used = cpu_seconds() - before;
        working.stop();
    };
    co_await (working.run() && measure());
    co_return object{
        {"cpu", used},
        {"started", array_of(started)},
        {"processed", delivered.digits()},
        {"completed", completed},
        {"locks_lost", lost},
        {"stalled", stalled}
    };
}

/// Adds a job every 10 ms, or all at once.
asio::awaitable<object> add_for_a_crowd(task work, queue jobs)
{
    co_await all_registered(work.database, work.crowd);
    co_await pause(2s);
    sign{work, ".begin"}.give();
    co_await pause(500ms);
    std::vector<double> added(static_cast<std::size_t>(work.jobs), now());
    if (work.in_bulk) {
        std::vector<cofila::job_spec<message>> specs;
        for (std::int64_t n = 0; n < work.jobs; ++n)
            specs.push_back({.name = "job", .data = {.n = n}});
        co_await jobs.add_bulk(std::move(specs));
    } else {
        for (std::int64_t n = 0; n < work.jobs; ++n) {
            added.at(static_cast<std::size_t>(n)) = now();
            co_await jobs.add("job", {.n = n});
            co_await pause(10ms);
        }
    }
    co_await all_completed(jobs, static_cast<std::size_t>(work.jobs));
    sign{work, ".end"}.give();
    const auto counts = co_await jobs.get_job_counts();
    co_return object{
        {"jobs", work.jobs}, {"added", array_of(added)}, {"failed", static_cast<std::int64_t>(counts.failed)}
    };
}

}  // namespace bench
