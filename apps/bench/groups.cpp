#include <cofila/engine.hpp>
#include <cofila/worker.hpp>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "measures.hpp"
#include "workloads.hpp"

/// What groups cost: a thousand tenants whose jobs take turns, and claims while many keys wait.
namespace bench {

namespace asio = boost::asio;
using boost::json::object;
using namespace std::chrono_literals;

namespace {

using worker = cofila::worker<message>;
using job = cofila::job<message>;

constexpr std::int64_t tenants = 1000;
constexpr std::int64_t drained_in_turn = 5 * tenants;

/// A store with jobs in this many groups (0: in none), and what was measured there.
struct place {
    cofila::engine engine;
    queue jobs;
    std::int64_t groups = 0;
    deliveries delivered{};
    double seconds = 0;
    std::vector<double> claims{};
};

asio::awaitable<place> open_place(task work, std::string name, std::int64_t groups, cofila::group_options limits)
{
    auto engine = co_await cofila::engine::open(
        {.database = work.database + name, .durability = work.durability, .spin = work.spin}
    );
    auto jobs = engine.queue<message>("bench", {.on_completed = cofila::retention::keep_all()});
    co_await jobs.set_group(limits);
    co_return place{.engine = std::move(engine), .jobs = std::move(jobs), .groups = groups};
}

asio::awaitable<void> add(queue jobs, std::int64_t begin, std::int64_t end, std::int64_t groups)
{
    std::vector<cofila::job_spec<message>> specs;
    for (auto n = begin; n < end; ++n) {
        cofila::job_options options;
        if (groups > 0)
            options.group = "tenant " + std::to_string(n % groups);
        specs.push_back({.name = "job", .data = {.n = n}, .options = std::move(options)});
        if (specs.size() == 1000 || n + 1 == end)
            co_await jobs.add_bulk(std::exchange(specs, {}));
    }
}

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): it is awaited at once
asio::awaitable<void> add_and_drain(place& where, std::int64_t begin, std::int64_t end, int concurrency)
{
    co_await add(where.jobs, begin, end, where.groups);
    worker working{
        where.jobs,
        // NOLINTNEXTLINE(*-avoid-capturing-lambda-coroutines): the worker keeps its processor
        [&](job one) -> asio::awaitable<boost::json::value> {
            where.delivered.processed(one.data().n);
            co_return nullptr;
        },
        {.concurrency = concurrency}
    };
    where.seconds += co_await run_until_completed(working, where.jobs, end - begin);
}

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): it is awaited at once
asio::awaitable<void> claim_and_release(place& where, int limit)
{
    const auto before = cpu_seconds();
    const auto claimed = co_await where.jobs.fetch_next_and_lock({.limit = limit});
    where.claims.push_back(cpu_seconds() - before);
    if (std::cmp_not_equal(claimed.size(), limit))
        throw std::runtime_error("a claim came back short");
    for (const auto& one : claimed)
        co_await where.jobs.release(one.claim);
}

/// Claims in turn from three stores, in which 100, 1,000 and 50,000 keys have a job each that waits. The CPU time is
/// that of the process, which does not wait awake meanwhile.
asio::awaitable<object> claim_beside_keys(task work, cofila::group_options limits)
{
    work.spin = {};
    auto few = co_await open_place(work, ".few", 100, limits);
    auto some = co_await open_place(work, ".some", 1'000, limits);
    auto many = co_await open_place(work, ".many", 50'000, limits);
    for (auto* const where : {&few, &some, &many})
        co_await add(where->jobs, 0, where->groups, where->groups);
    const auto begin = now();
    for (std::int64_t n = 0; n < work.jobs; ++n)
        for (auto* const where : {&few, &some, &many})
            co_await claim_and_release(*where, work.concurrency);
    auto result = paced(3 * work.jobs, now() - begin);
    const auto median_us = [](const place& of) { return latencies(of.claims).at("p50_us").to_number<double>(); };
    result["claim_cpu_us"] = median_us(few);
    result["keys_1000_ratio"] = median_us(some) / median_us(few);
    result["keys_50000_ratio"] = median_us(many) / median_us(few);
    for (auto* const where : {&few, &some, &many}) {
        const auto counts = co_await where->jobs.get_job_counts();
        if (std::cmp_not_equal(counts.waiting, where->groups))
            throw std::runtime_error("a job does not wait any more");
        co_await where->engine.close();
    }
    co_return result;
}

}  // namespace

/// Drains three stores in turn: without groups, with a thousand that have one job each at once, with two.
asio::awaitable<object> drain_tenants(task work, queue)
{
    auto without = co_await open_place(work, ".without", 0, {});
    auto one = co_await open_place(work, ".one", tenants, {.concurrency = 1});
    auto two = co_await open_place(work, ".two", tenants, {.concurrency = 2});
    for (std::int64_t n = 0; n < work.jobs; n += drained_in_turn)
        for (auto* const where : {&without, &one, &two})
            co_await add_and_drain(*where, n, std::min(n + drained_in_turn, work.jobs), work.concurrency);
    auto result = rate(work.jobs, without.seconds);
    result["one_at_once_ratio"] = without.seconds / one.seconds;
    result["two_at_once_ratio"] = without.seconds / two.seconds;
    for (auto* const where : {&without, &one, &two}) {
        co_await require_exact(where->jobs, std::move(where->delivered), work.jobs);
        co_await where->engine.close();
    }
    co_return result;
}

asio::awaitable<object> claim_unlimited(task work, queue) { return claim_beside_keys(std::move(work), {}); }

asio::awaitable<object> claim_with_concurrency(task work, queue)
{
    return claim_beside_keys(std::move(work), {.concurrency = 1});
}

/// The window is so short that about as many claims are in it however many keys there are.
asio::awaitable<object> claim_with_rate(task work, queue)
{
    return claim_beside_keys(std::move(work), {.rate = cofila::rate_limit{.max = 1000, .duration = 10ms}});
}

}  // namespace bench
