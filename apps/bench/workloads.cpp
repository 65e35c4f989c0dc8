#include "workloads.hpp"

#include <functional>
#include <map>
#include <stdexcept>

#include "measures.hpp"

namespace bench {

namespace asio = boost::asio;

// NOLINTNEXTLINE(*-avoid-reference-coroutine-parameters): the caller keeps its engine and waits at once
asio::awaitable<boost::json::object> perform(task work, cofila::engine& engine)
{
    using workload = std::function<asio::awaitable<boost::json::object>(task, queue)>;
    static const std::map<std::string, workload> workloads{
        {"fill", fill},
        {"add one by one", add_one_by_one},
        {"add together", add_together},
        {"add a million", add_a_million},
        {"drain", drain},
        {"drain failing once", drain_failing_once},
        {"drain tenants", drain_tenants},
        {"claim unlimited", claim_unlimited},
        {"claim with concurrency", claim_with_concurrency},
        {"claim with rate", claim_with_rate},
        {"drain shared", drain_shared},
        {"watch locks", watch_locks},
        {"work in a crowd", work_in_a_crowd},
        {"add for a crowd", add_for_a_crowd},
        {"add beside queues", add_beside_queues},
        {"add beside callers", add_beside_callers},
        {"add to start", add_to_start},
        {"start what others add", start_what_others_add},
        {"add for others", add_for_others},
        {"lateness", lateness},
        {"idle", idle},
    };
    const auto found = workloads.find(work.kind);
    if (found == workloads.end())
        throw std::runtime_error("no workload '" + work.kind + "'");
    auto jobs = engine.queue<message>(
        "bench", {.on_completed = cofila::retention::keep_all(), .on_failed = cofila::retention::keep_all()}
    );
    auto result = co_await found->second(std::move(work), std::move(jobs));
    result["client_peak_mb"] = peak_memory();
    co_return result;
}

asio::awaitable<void> require_exact(queue jobs, deliveries delivered, std::int64_t count)
{
    const auto expected = static_cast<std::size_t>(count);
    const auto counts = co_await jobs.get_job_counts();
    if (!delivered.exact(expected) || counts != cofila::job_counts{.completed = expected})
        throw std::runtime_error("a job was not processed and completed exactly once");
}

}  // namespace bench
