// The housekeeping of one engine, over all queues of its store; any number of processes may do it at once. A sweep
// looks at the store first and reports its warnings, each once as long as it stays; a store whose writes are lost is
// left alone from then on. Then the order matters: the workers whose process is dead are read before the locks, and
// forgotten after the rescues, so that no worker is forgotten before every lock it held was seen as a dead process's.
// Which locks are stalled is decided by domain::stall_watch from what this process has itself seen, and the store
// rescues one only if it has not changed since. The store's sweep is repeated, without the rescues, as long as it
// reports more. A failure is reported, and the next sweep tries again; nothing is lost, since every step looks for what
// is due anew. The next sweep comes after the interval, or earlier when a lock that was seen may run out.
#include "upkeep/maintenance.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "async/wait_until.hpp"

namespace cofila {

namespace asio = boost::asio;
using detail::queue_ptr;

/// Looks up each process once in a sweep.
class liveness {
public:
    explicit liveness(const process_table& processes) : processes_{processes} {}

    bool is_dead(const process_identity& process)
    {
        const std::tuple key{process.boot_id, process.pid_namespace, process.pid, process.start_time};
        const auto known = dead_.find(key);
        if (known != dead_.end())
            return known->second;
        return dead_[key] = processes_.is_dead(process);
    }

private:
    const process_table& processes_;
    std::map<std::tuple<std::string, std::uint64_t, std::int64_t, std::uint64_t>, bool> dead_{};
};

maintenance::maintenance(std::shared_ptr<runtime> ports, maintenance_options options, surroundings around)
    : ports_{std::move(ports)},
      options_{options},
      around_{std::move(around)}
{}

asio::awaitable<void> maintenance::run()
{
    for (;;) {
        std::exception_ptr failed;
        try {
            co_await run_once();
        } catch (...) {
            failed = std::current_exception();
        }
        if (const auto state = co_await asio::this_coro::cancellation_state;
            state.cancelled() != asio::cancellation_type::none)
            co_return;
        if (failed)
            around_.failed(failed);
        co_await ports_->time->sleep_until(next_sweep());
    }
}

asio::awaitable<void> maintenance::run_once()
{
    // Each may fail where the other does not; and if writes are lost, all of the sweep would be.
    std::exception_ptr not_looked;
    try {
        co_await look_at_store();
    } catch (...) {
        not_looked = std::current_exception();
    }
    if (lost_)
        co_return;
    co_await sweep();
    if (not_looked)
        std::rethrow_exception(not_looked);
}

asio::awaitable<void> maintenance::sweep()
{
    // Before the locks are read, so that no worker is forgotten before every lock it held was seen as a dead process's.
    const auto processes = std::make_shared<liveness>(*ports_->processes);
    const auto dead = co_await find_dead_workers(processes);
    sweep_request request{.now = ports_->time->wall_now(), .rescues = co_await find_stalled(processes)};
    for (bool more = true; more;) {
        const auto answer = co_await ports_->repository->sweep(request);
        request.rescues.clear();
        announce(answer);
        more = answer.more;
    }
    for (const auto& id : dead)
        co_await ports_->repository->forget_worker(id);
}

asio::awaitable<std::vector<std::string>> maintenance::find_dead_workers(std::shared_ptr<liveness> processes)
{
    std::vector<std::string> out;
    auto workers = co_await ports_->repository->workers();
    for (auto& worker : workers)
        if (processes->is_dead(worker.process))
            out.push_back(std::move(worker.id));
    co_return out;
}

asio::awaitable<std::vector<rescue_order>> maintenance::find_stalled(std::shared_ptr<liveness> processes)
{
    const auto locks = co_await ports_->repository->locks();
    std::vector<domain::stall_watch::view> views;
    views.reserve(locks.size());
    for (const auto& lock : locks)
        views.push_back({.lock = lock, .owner_dead = lock.process && processes->is_dead(*lock.process)});
    std::vector<rescue_order> out;
    for (auto& lock : watch_.stalled(views, ports_->time->wall_now(), ports_->time->steady_now()))
        out.push_back(
            {.key = lock.key,
             .token = std::move(lock.token),
             .locked_until = lock.locked_until,
             .jitter = ports_->draw()}
        );
    co_return out;
}

asio::awaitable<void> maintenance::look_at_store()
{
    if (lost_)
        co_return;
    const auto status = co_await ports_->repository->tend();
    lost_ = status.lost;
    std::set<std::error_code> standing;
    for (const auto& warning : status.warnings) {
        standing.insert(warning.code());
        if (!reported_.contains(warning.code()))
            around_.failed(std::make_exception_ptr(warning));
    }
    reported_ = std::move(standing);
}

void maintenance::announce(const sweep_answer& answer)
{
    std::map<std::string, news_list> queues;
    for (const auto& one : answer.news)
        queues[one.job->queue].push_back(one);
    for (const auto& [name, news] : queues)
        if (const auto queue = around_.find_queue(name))
            detail::announce(*queue, news);
}

steady_time maintenance::next_sweep() const
{
    const auto now = ports_->time->steady_now();
    const auto regular = later(now, options_.interval);
    const auto expiry = watch_.next_check();
    // One that has passed was not examined because the store failed: the next regular sweep is soon enough.
    return expiry && *expiry > now ? std::min(regular, *expiry) : regular;
}

}  // namespace cofila
