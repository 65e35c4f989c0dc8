#pragma once
#include <cofila/detail/core.hpp>
#include <cofila/error.hpp>
#include <cofila/queue_types.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/job_maker.hpp"
#include "runtime/consumer.hpp"
#include "runtime/event_hub.hpp"
#include "runtime/runtime.hpp"

namespace cofila::detail {

/// How a job has ended.
struct job_end {
    job_state state{};
    std::string result{};
    std::string failed_reason{};
};

/// One call that waits for the end of a job.
struct finish_watch {
    finish_watch(job_id of, loop_ptr loop) : id{std::move(of)}, wake{std::move(loop)} {}

    const job_id id;
    event wake;
    std::optional<job_end> told{};  ///< How it ended, if that happened in this process.
};

/// One call that waits for a job to claim.
struct claim_watch : event {
    using event::event;

    bool called = false;  ///< Was woken, and has not checked since.
};

/// One call that waits for any event of the queue.
struct event_watch : event {
    using event::event;
};

/// What all handles of one queue share. Members that are not `const` are used on the loop only, except for
/// `check_open`.
class queue_core : public std::enable_shared_from_this<queue_core> {
public:
    queue_core(std::shared_ptr<runtime> ports, std::string name);

    const std::shared_ptr<runtime> ports;
    const std::string name;
    const std::shared_ptr<event_hub<queue_events>> hub;

    /// The options with which the queue was first opened; before that the defaults, for handles that only look. From
    /// any thread.
    const queue_options& options() const noexcept { return terms_.load()->options; }
    /// Called once. Checks the options.
    void choose(queue_options options);
    bool has_chosen() const noexcept { return chosen_.has_value(); }

    /// Throws `errc::closed` after `close`. From any thread.
    void check_open() const;
    /// From now on only the workers that are running may use this queue.
    void mark_closed();
    bool is_closed() const noexcept { return closed_; }

    /// Makes a new job from what the caller said, checked.
    job_draft make_job(job_spec<std::string>&& spec);
    /// An error names the index of the element at fault.
    std::vector<job_draft> make_jobs(std::vector<job_spec<std::string>> specs);

    /// The workers of this process that run on this queue.
    void attach(consumer& worker);
    void detach(consumer& worker);
    const std::vector<consumer*>& workers() const noexcept { return workers_; }
    /// Whether a worker or a call waits for a job to claim.
    bool anyone_idle() const;
    /// Whether a call waits for the end of a job or for an event.
    bool is_watched() const { return !watches_.empty() || hub->is_watched(); }
    /// Whether a worker has jobs that may be cancelled elsewhere.
    bool anyone_busy() const;

    /// A call that claims by hand waits for a job. When it leaves, the next in line is woken: the one that leaves may
    /// have been woken for a job that it does not take, may know when one is due, or may have left some behind.
    void attach(claim_watch& waiting);
    void detach(claim_watch& waiting);
    void attach(event_watch& waiting);
    void detach(event_watch& waiting);

    /// Called when a claim came back short because of active jobs: the end of one may make room for a claim.
    void note_limited() noexcept { limited_ = true; }
    bool is_limited() const noexcept { return limited_; }

    /// A call waits for the end of a job.
    void attach(finish_watch& watch);
    void detach(finish_watch& watch);
    /// Called when a job has ended in this process: completed or failed.
    void tell_finished(const job_id& id, job_state state, const std::string& result, const std::string& failed_reason);
    /// Called when anything has happened: wakes everything that waits.
    void look_again();
    /// Wakes the calls that wait for the end of a job or for an event.
    void wake_watchers();
    /// Called when another process has changed the store: a job that runs here may have been cancelled.
    void look_for_cancellations();
    /// Called when a job was cancelled: asks the worker of this process that runs it, if any, to end it.
    void ask_to_end(const job_id& id, const std::string& why);

    /// Called when there may be something to claim, but it is not known how much.
    void wake_workers();
    /// Called when `jobs` more jobs can be claimed: wakes as many waiters as that takes.
    void wake_for(std::size_t jobs);
    /// Called when there will be something to claim at `due`.
    void note_due(time_point due);
    /// The same, for a date that a worker has read from the store: lets all workers know it.
    void share_due(time_point due);
    /// Called by a worker that has taken all it may of what was due: wakes one more, or a call that waits.
    void pass_on_date();
    /// Called when a worker requests a claim at `now`: what was due by then is no concern of the others, since it
    /// shares what it finds.
    void note_look(time_point now) noexcept { looked_at_ = now; }
    /// Whether a worker has looked since then, unless the clock was set back.
    bool has_looked_since(time_point due, time_point now) const noexcept
    {
        return due <= looked_at_ && looked_at_ <= now;
    }

    /// Called by `start_maintenance` and by the close that takes it back; set by the engine.
    std::function<void()> start_maintenance{};
    std::function<void()> stop_maintenance{};

private:
    void note_attendance();
    void call_next(std::size_t jobs);

    std::vector<consumer*> workers_{};
    std::vector<claim_watch*> waiting_{};
    bool attended_ = false;
    std::multimap<job_id, finish_watch*> watches_{};
    bool limited_ = false;
    time_point looked_at_ = time_point::min();
    std::atomic<bool> closed_{false};
    struct terms {
        terms(std::string queue, queue_options chosen) : options{std::move(chosen)}, jobs{std::move(queue), options} {}

        const queue_options options;
        domain::job_maker jobs;  // used on the loop only
    };
    terms usual_{name, queue_options{}};
    std::optional<terms> chosen_{};
    std::atomic<terms*> terms_{&usual_};
};

/// Closes the workers that run on the queue; their processors may use it until they have ended.
boost::asio::awaitable<void> close_workers(queue_ptr queue);

/// Turns what happened in one transaction into events, log lines and wake-ups. The news are of this queue. `claimed`:
/// the jobs that were taken in the same transaction.
void announce(queue_core& queue, const news_list& news, const std::vector<job_snapshot>& claimed = {});
void announce(queue_core& queue, const settle_and_claim_answer& answer);
/// The same for a settlement that the store has accepted.
void announce_settled(queue_core& queue, const job_record& before, const transition& change);

}  // namespace cofila::detail
