#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/error.hpp>
#include <cofila/queue_types.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "application/event_hub.hpp"
#include "application/runtime.hpp"
#include "domain/job_maker.hpp"

namespace cofila::detail {

/// One call that waits for the end of a job.
struct finish_watch {
    finish_watch(job_id of, boost::asio::any_io_executor executor) : id{std::move(of)}, wake{std::move(executor)} {}

    const job_id id;
    event wake;
    std::optional<transition> told{};  ///< How it ended, where that happened in this process.
};

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
    void mark_closed();
    bool is_closed() const noexcept { return closed_; }

    /// A new job from what the caller said, checked.
    job_snapshot make_job(job_spec<std::string> spec);
    /// An error names the index of the element at fault.
    std::vector<job_snapshot> make_jobs(std::vector<job_spec<std::string>> specs);

    /// Workers of this process that run on this queue.
    void attach(worker_core& worker);
    void detach(worker_core& worker);
    const std::vector<worker_core*>& workers() const noexcept { return workers_; }
    /// A worker, or somebody who claims by hand, waits for jobs, or somebody waits for the end of one or for an event.
    bool anyone_idle() const;
    /// A worker has jobs that may be cancelled elsewhere.
    bool anyone_busy() const;

    /// Somebody who claims by hand waits for a job.
    void attach(event& waiting) { waiting_.push_back(&waiting); }
    void detach(event& waiting) { std::erase(waiting_, &waiting); }

    /// A claim came back short because of jobs that are active: when one ends there may be something to claim.
    void note_limited() noexcept { limited_ = true; }
    bool is_limited() const noexcept { return limited_; }

    /// Somebody waits for the end of a job.
    void attach(finish_watch& watch) { watches_.emplace(watch.id, &watch); }
    void detach(finish_watch& watch);
    /// A job has ended in this process: completed or failed.
    void tell_finished(const job_id& id, const transition& how);
    /// Something has happened: who waits looks again.
    void look_again();
    /// Somebody else has changed the store.
    void changed_elsewhere();
    /// A job was cancelled: a worker of this process that runs it is told.
    void ask_to_end(const job_id& id, const std::string& why);

    /// There may be something to claim.
    void wake_workers();
    /// There will be something to claim at `due`.
    void note_due(time_point due);

    /// Called by `start_maintenance` and by the close that takes it back; set by the engine.
    std::function<void()> start_maintenance{};
    std::function<void()> stop_maintenance{};

private:
    std::vector<worker_core*> workers_{};
    std::vector<event*> waiting_{};
    std::multimap<job_id, finish_watch*> watches_{};
    bool limited_ = false;
    bool closed_ = false;
    domain::job_maker jobs_;
};

/// Closes the workers that run on the queue; their processors may use it until they have ended.
boost::asio::awaitable<void> close_workers(queue_ptr queue);

/// What a change of a job means for those who listen.
/// `taken`: a worker took a job in the same transaction, so that no more are waiting than before.
void announce_added(queue_core& queue, const added_row& row, bool taken = false);
void announce_claimed(queue_core& queue, const settle_and_claim_answer& answer);
void announce_settled(queue_core& queue, const job_record& before, const transition& change);
void announce_failed(queue_core& queue, const job_record& job);
void announce_rescued(queue_core& queue, const job_record& job);

}  // namespace cofila::detail
