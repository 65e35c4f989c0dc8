#pragma once
#include <cofila/maintenance_options.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "domain/stall_watch.hpp"
#include "queue/queue_core.hpp"
#include "runtime/runtime.hpp"

namespace cofila {

class liveness;

/// The sweeps of one engine, over all queues of its store.
class maintenance {
public:
    struct surroundings {
        /// Returns null if this process has no such queue open.
        std::function<detail::queue_ptr(const std::string&)> find_queue;
        std::function<void(std::exception_ptr)> failed;
    };

    maintenance(std::shared_ptr<runtime> ports, maintenance_options options, surroundings around);

    /// Sweeps until it is cancelled. A failure is reported, and the next sweep tries again.
    boost::asio::awaitable<void> run();
    /// One sweep: looks at the store, promotes due jobs, rescues stalled ones, removes those whose retention is over,
    /// forgets workers whose process has died. If the writes of the store are lost, that is reported once and nothing
    /// more is done.
    boost::asio::awaitable<void> run_once();

private:
    boost::asio::awaitable<void> sweep();
    boost::asio::awaitable<std::vector<std::string>> find_dead_workers(std::shared_ptr<liveness> processes);
    boost::asio::awaitable<std::vector<rescue_order>> find_stalled(std::shared_ptr<liveness> processes);
    boost::asio::awaitable<void> look_at_store();
    void announce(const sweep_answer& answer);
    steady_time next_sweep() const;

    const std::shared_ptr<runtime> ports_;
    const maintenance_options options_;
    const surroundings around_;
    domain::stall_watch watch_{};
    bool lost_ = false;  // as the store has said; never reset
    std::set<std::error_code> reported_{};
};

}  // namespace cofila
