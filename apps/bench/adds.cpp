#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>

#include "measures.hpp"
#include "workloads.hpp"

namespace bench {

namespace asio = boost::asio;
using boost::json::object;

namespace {

constexpr std::int64_t bulk = 1000;
constexpr int warm_up = 200;

/// What producers that take turns share.
struct shared_count {
    std::int64_t next = 0;
    std::int64_t end = 0;
    std::vector<double> finished{};  // when each tenth of them was stored
};

asio::awaitable<void> produce(queue jobs, std::shared_ptr<shared_count> count)
{
    const auto tenth = std::max<std::int64_t>(count->end / 10, 1);
    while (count->next < count->end) {
        const auto number = count->next++;
        co_await jobs.add("job", {.n = number});
        if ((number + 1) % tenth == 0)
            count->finished.push_back(now());
    }
}

asio::awaitable<void> run_producers(queue jobs, int producers, std::shared_ptr<shared_count> count)
{
    const auto executor = co_await asio::this_coro::executor;
    using producer = decltype(asio::co_spawn(executor, produce(jobs, count), asio::deferred));
    std::vector<producer> all;
    for (int i = 0; i < producers; ++i)
        all.push_back(asio::co_spawn(executor, produce(jobs, count), asio::deferred));
    auto [order, failures] = co_await asio::experimental::make_parallel_group(std::move(all))
                                 .async_wait(asio::experimental::wait_for_all(), asio::use_awaitable);
    for (const auto& failed : failures)
        if (failed)
            std::rethrow_exception(failed);
}

asio::awaitable<void> require_waiting(queue jobs, std::int64_t expected)
{
    const auto counts = co_await jobs.get_job_counts();
    if (counts.waiting != static_cast<std::size_t>(expected))
        throw std::runtime_error(
            std::to_string(expected) + " jobs were added, " + std::to_string(counts.waiting) + " are waiting"
        );
}

std::uintmax_t log_size(const std::string& database)
{
    std::error_code none;
    const auto size = std::filesystem::file_size(database + "-wal", none);
    return none ? 0 : size;
}

}  // namespace

asio::awaitable<object> fill(task work, queue jobs)
{
    const auto before = co_await jobs.get_job_counts();
    const auto start = now();
    for (std::int64_t done = 0; done < work.jobs;) {
        std::vector<cofila::job_spec<message>> specs;
        for (const auto end = std::min(done + bulk, work.jobs); done < end; ++done)
            specs.push_back({.name = "job", .data = {.n = done}});
        co_await jobs.add_bulk(std::move(specs));
    }
    auto result = rate(work.jobs, now() - start);
    co_await require_waiting(jobs, static_cast<std::int64_t>(before.waiting) + work.jobs);
    co_return result;
}

asio::awaitable<object> add_one_by_one(task work, queue jobs)
{
    for (int i = 0; i < warm_up; ++i)
        co_await jobs.add("job", {});
    std::vector<double> times;
    times.reserve(static_cast<std::size_t>(work.jobs));
    const auto start = now();
    for (auto last = start; times.size() < static_cast<std::size_t>(work.jobs);) {
        co_await jobs.add("job", {});
        const auto time = now();
        times.push_back(time - last);
        last = time;
    }
    auto result = rate(work.jobs, now() - start);
    for (auto& [name, value] : latencies(std::move(times)))
        result[name] = value;
    co_await require_waiting(jobs, work.jobs + warm_up);
    co_return result;
}

asio::awaitable<object> add_together(task work, queue jobs)
{
    const auto count = std::make_shared<shared_count>();
    count->end = work.jobs;
    const auto start = now();
    co_await run_producers(jobs, work.concurrency, count);
    auto result = rate(work.jobs, now() - start);
    co_await require_waiting(jobs, work.jobs);
    co_return result;
}

/// Reports the rate of the last tenth against that of the first, and how long the write-ahead log has become.
asio::awaitable<object> add_a_million(task work, queue jobs)
{
    const auto count = std::make_shared<shared_count>();
    count->end = work.jobs;
    const auto start = now();
    co_await run_producers(jobs, work.concurrency, count);
    auto result = rate(work.jobs, now() - start);
    const auto& times = count->finished;
    result["last_to_first"] = (times.at(0) - start) / (times.at(9) - times.at(8));
    result["log_mb"] = static_cast<double>(log_size(work.database)) / 1e6;  // it keeps the size it once had
    co_await require_waiting(jobs, work.jobs);
    co_return result;
}

}  // namespace bench
