#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/error.hpp>
#include <cofila/queue_types.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "application/event_hub.hpp"
#include "application/runtime.hpp"

namespace cofila::detail {

/// What all handles of one queue share.
class queue_core : public std::enable_shared_from_this<queue_core> {
public:
    queue_core(std::shared_ptr<runtime> ports, std::string name, queue_options options);

    const std::shared_ptr<runtime> ports;
    const std::string name;
    const queue_options options;
    const std::shared_ptr<event_hub<queue_events>> hub;

    /// Throws `errc::closed` after `close`.
    void check_open() const;
    /// From now on nothing but the workers that are running may use this queue.
    void mark_closed() noexcept { closed_ = true; }
    bool is_closed() const noexcept { return closed_; }

    /// A new job from what the caller said, checked.
    job_snapshot make_job(job_spec<std::string> spec);

    /// Workers of this process that run on this queue.
    void attach(worker_core& worker);
    void detach(worker_core& worker);
    const std::vector<worker_core*>& workers() const noexcept { return workers_; }
    bool has_idle_worker() const;

    /// There may be something to claim.
    void wake_workers();
    /// There will be something to claim at `due`.
    void note_due(time_point due);

    /// Called by `start_maintenance` and by the close that takes it back; set by the engine.
    std::function<void()> start_maintenance{};
    std::function<void()> stop_maintenance{};

private:
    std::shared_ptr<const job_options> resolved(job_options given);

    std::vector<worker_core*> workers_{};
    bool closed_ = false;
    job_options last_given_{};  // most jobs of a queue are added with the same options: resolved once
    std::shared_ptr<const job_options> last_resolved_{};
};

/// Closes the workers that run on the queue; their processors may use it until they have ended.
boost::asio::awaitable<void> close_workers(queue_ptr queue);

/// What a change of a job means for those who listen.
/// `taken`: a worker took a job in the same transaction, so that no more are waiting than before.
void announce_added(queue_core& queue, const added_row& row, bool taken = false);
void announce_claimed(queue_core& queue, const settle_and_claim_answer& answer);
void announce_settled(queue_core& queue, const job_record& before, const transition& change);
void announce_rescued(queue_core& queue, const job_record& job);

}  // namespace cofila::detail
