#pragma once
#include <cofila/event_log.hpp>
#include <cofila/job_change.hpp>
#include <cofila/job_record.hpp>
#include <cofila/job_situation.hpp>
#include <cofila/limits.hpp>
#include <cofila/lock.hpp>
#include <cofila/metrics.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/transition.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cofila {

/// Names a job for a write. `key` may be 0, then the id is looked up. The token is the fence: it must be that of the
/// job's lock, or empty for a job that nobody has locked; otherwise no row is changed.
struct job_ref {
    job_id id{};
    std::int64_t key = 0;
    std::string token{};
};

/// The end of one attempt: `job` leaves `active` if and only if its token still holds the lock.
struct settlement {
    job_ref job{};
    transition change{};
};

struct claim_order {
    std::vector<lock_token> tokens{};  ///< One for each job that may be taken; their number is the limit.
    std::string worker{};
    milliseconds lock_duration{};
};

struct settle_and_claim_request {
    std::string queue{};
    time_point now{};
    std::vector<settlement> settlements{};
    std::optional<claim_order> claim{};
};

struct settle_and_claim_answer {
    std::vector<settled> settlements{};   ///< One for each, in order.
    std::vector<job_snapshot> claimed{};  ///< Active now; best first.
    /// Delayed jobs that were due, or kept for the end of another, and are waiting now, or claimed at once.
    std::vector<job_id> promoted{};
    std::optional<time_point> next_due{};  ///< If fewer than the limit were claimed: when the next delayed job is due.
    /// Would have been claimed or would wait again, but have failed now: damaged, expired or cancelled.
    std::vector<job_snapshot> failed{};
    /// Of those that were settled already: what their token has completed, and the settlement says otherwise. Where its
    /// retention says so it is removed with this call.
    std::vector<job_snapshot> completed{};
    bool limited = false;  ///< The end of another job may make room for more to be claimed.
    bool drained = false;  ///< Something was settled, and nothing is waiting, due or active any more.
};

struct added_row {
    job_snapshot job{};  ///< As stored: the new job, or the one that has its id already.
    bool duplicate = false;
    std::optional<job_id> deduplicated_by{};  ///< `job` is that one, or (`keep_last`) the one that is kept for its end.
    std::vector<job_id> replaced{};           ///< Were removed for it.
};

struct add_and_claim_answer {
    added_row added{};
    std::vector<job_snapshot> claimed{};
    std::vector<job_snapshot> failed{};  ///< As in `settle_and_claim_answer`.
};

struct lock_extension {
    std::string queue{};
    job_ref job{};
    milliseconds duration{};  ///< The lock now ends at the request's `now` plus this.
};

struct renewal {
    bool held = false;                       ///< False: the token does not hold the lock (any more).
    std::optional<std::string> cancelled{};  ///< Why, where the job was asked to end.
    job_snapshot completed{};                ///< The job, where this token has completed it; else null.
};

/// What a write found that leaves a job where it is.
struct fenced_write {
    bool stored = false;                     ///< False: the job is gone or its lock is another's; nothing was changed.
    std::optional<std::string> cancelled{};  ///< Why, where the job was asked to end.
};

struct worker_row {
    std::string id{};
    process_identity process{};
    time_point started_at{};
};

struct sweep_request {
    time_point now{};
    std::vector<rescue_order> rescues{};
    int limit = 1000;  ///< At most so many jobs promoted, expired and removed each; call again while `more`.
};

struct sweep_answer {
    struct promoted_job {
        std::string queue{};
        job_id id{};
    };
    struct moved_job {
        std::string queue{};
        job_snapshot job{};
    };  ///< As it is now.
    struct pruned_jobs {
        std::string queue{};
        std::size_t count = 0;
    };

    std::vector<promoted_job> promoted{};
    std::vector<moved_job> rescued{};
    std::vector<moved_job> expired{};
    std::vector<pruned_jobs> pruned{};
    bool more = false;  ///< The limit was reached: there may be more to do now.
};

/// What `change` found. Nothing was changed unless `done`.
struct change_answer {
    bool found = false;
    bool done = false;            ///< False: its state does not allow it.
    job_state was{};              ///< The state in which the job was found.
    job_snapshot job{};           ///< As it is now; null after a removal.
    std::vector<job_id> freed{};  ///< Were kept for its end and wait now.
};

/// One page of `change_all`.
struct changed_page {
    std::vector<job_id> changed{};
    std::vector<job_id> freed{};  ///< Were kept for the end of one of them and wait now, or did.
    std::string next{};           ///< Empty: this was the last page.
};

/// The store's own condition.
struct storage_status {
    bool replaced = false;  ///< The file at the path is not the one that is open: what is written now will be lost.
    std::uint64_t bytes = 0;
    std::uint64_t log_bytes = 0;  ///< Of the write-ahead log.
};

/// What somebody waits for who waits for others to change the store.
struct change_interest {
    bool any = false;                   ///< Whatever it is.
    bool any_later = false;             ///< The same, but in no hurry.
    std::vector<std::string> queues{};  ///< That a job can be claimed from one of these.
    std::uint64_t taken = 0;            ///< Jobs that were claimed so far: they tell whether looking is worthwhile.

    bool nothing() const { return !any && !any_later && queues.empty(); }
};

struct change_news {
    struct claimable_jobs {
        std::string queue{};
        std::size_t jobs = 0;
    };

    bool changed = false;
    /// What can be claimed from the queues of interest; nothing: that is not known, and anything may have happened.
    std::optional<std::vector<claimable_jobs>> claimable{};
};

/// The port to the store: what the queue needs, each operation atomic, durable when it returns, and fenced by the
/// lock token where it touches a running job. It draws no ids, tokens or random numbers and reads no clock for
/// them: they come in as values. One contract suite (tests/contract) runs on every implementation.
///
/// Thread: called on the engine's executor, where one thing happens at a time. Cancellation: none; an operation that
/// was started is finished and answered. Errors: `cofila::error` with one of the storage codes; then nothing was
/// changed (but see `errc::outcome_unknown`).
class job_repository {
public:
    virtual ~job_repository() = default;

    /// Stores new jobs, all or none, in order. Each record is waiting or delayed, with `options` resolved; key and
    /// position are given here. A job whose id exists already in the queue, in any state, is not stored.
    virtual boost::asio::awaitable<std::vector<added_row>> add(std::string queue, std::vector<job_snapshot> jobs) = 0;

    /// Adds one job and takes the next ones, in one transaction: so the new job itself, where nothing else waits.
    virtual boost::asio::awaitable<add_and_claim_answer> add_and_claim(
        std::string queue, job_snapshot job, time_point now, claim_order order
    ) = 0;

    /// Ends attempts and takes the next jobs, in one transaction. Promotes due jobs before it claims.
    /// From a paused queue nothing is claimed.
    virtual boost::asio::awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) = 0;

    /// Renews locks, one answer for each. Goes ahead of other waiting operations.
    virtual boost::asio::awaitable<std::vector<renewal>> extend_locks(
        time_point now, std::vector<lock_extension> locks
    ) = 0;

    /// For each of these locks: why its job was asked to end, where it was. Reads only.
    virtual boost::asio::awaitable<std::vector<std::optional<std::string>>> cancellations(
        std::string queue, std::vector<job_ref> locks
    ) = 0;

    virtual boost::asio::awaitable<fenced_write> update_progress(
        std::string queue, job_ref job, std::string progress
    ) = 0;
    virtual boost::asio::awaitable<fenced_write> update_data(std::string queue, job_ref job, std::string data) = 0;
    /// Keeps the newest `keep` lines of the job.
    virtual boost::asio::awaitable<fenced_write> add_log(std::string queue, job_ref job, log_line line, int keep) = 0;

    /// Sets one of the queue's limits, for all processes.
    virtual boost::asio::awaitable<void> set_limit(std::string queue, queue_setting what) = 0;
    virtual boost::asio::awaitable<queue_limits> limits(std::string queue) = 0;
    /// False: it was so already.
    virtual boost::asio::awaitable<bool> set_paused(std::string queue, bool paused) = 0;
    /// Changes one job, if its state allows that.
    virtual boost::asio::awaitable<change_answer> change(
        std::string queue, job_id id, job_change what, time_point now
    ) = 0;
    /// Changes each job that `list` would show on this page and whose state allows it. `filter.state` is not
    /// empty.
    virtual boost::asio::awaitable<changed_page> change_all(
        std::string queue, job_filter filter, page_request request, job_change what, time_point now
    ) = 0;
    /// What was set for the queue is as for a new one, and what was kept for its settings is forgotten. Its jobs stay.
    virtual boost::asio::awaitable<void> reset_queue(std::string queue) = 0;

    /// Over all queues: promotes due jobs, fails expired ones, carries out the rescues, removes finished jobs whose
    /// retention is over.
    virtual boost::asio::awaitable<sweep_answer> sweep(sweep_request request) = 0;
    /// All locks of all queues.
    virtual boost::asio::awaitable<std::vector<lock_row>> locks() = 0;
    virtual boost::asio::awaitable<void> register_worker(worker_row worker) = 0;
    virtual boost::asio::awaitable<void> forget_worker(std::string id) = 0;
    /// All that are registered, also those whose process has died.
    virtual boost::asio::awaitable<std::vector<worker_row>> workers() = 0;

    virtual boost::asio::awaitable<std::optional<job_record>> get(std::string queue, job_id id) = 0;
    virtual boost::asio::awaitable<page<job_snapshot>> list(
        std::string queue, job_filter filter, page_request request
    ) = 0;
    virtual boost::asio::awaitable<job_counts> counts(std::string queue) = 0;
    /// Of waiting jobs, one count for each of the priorities.
    virtual boost::asio::awaitable<std::vector<std::size_t>> counts_by_priority(
        std::string queue, std::vector<int> priorities
    ) = 0;
    /// How many jobs run before this one as it is now; nothing where it does not wait.
    virtual boost::asio::awaitable<std::optional<std::size_t>> position(std::string queue, job_id id) = 0;
    /// Nothing where there is no such job.
    virtual boost::asio::awaitable<std::optional<job_situation>> situation(
        std::string queue, job_id id, time_point now
    ) = 0;
    /// The queues that have a job, or something that was set for them (a pause, a limit, an event log, metrics), by
    /// name, byte by byte.
    virtual boost::asio::awaitable<page<queue_info>> queues(page_request request) = 0;
    virtual boost::asio::awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) = 0;
    virtual boost::asio::awaitable<bool> is_paused(std::string queue) = 0;

    /// `cursor` may be empty.
    virtual boost::asio::awaitable<event_log_state> event_log_of(std::string queue, std::string cursor) = 0;
    /// The oldest of those after `after` that are kept, at most `limit`. The numbers of what is kept have no gap.
    virtual boost::asio::awaitable<std::vector<logged_event>> events_after(
        std::string queue, std::uint64_t after, int limit
    ) = 0;
    /// Keeps a reader's place under a name; nothing: forgets it.
    virtual boost::asio::awaitable<void> set_event_cursor(
        std::string queue, std::string name, std::optional<std::uint64_t> place
    ) = 0;
    /// What was counted in these minutes, and the latency at `now`.
    virtual boost::asio::awaitable<queue_metrics> metrics(std::string queue, time_point now, metrics_range of) = 0;

    /// Housekeeping that is not about jobs: looks at the file, shortens its log when it is idle.
    virtual boost::asio::awaitable<storage_status> tend() = 0;
    /// Completes when somebody else may have changed something that is of interest since it was last asked; may be
    /// early. Late by no more than the notification takes, and `pause`: how long to let signs of a change gather before
    /// a look, for a caller in no hurry. But where several processes have workers that wait, those which lately found
    /// nothing leave others time to take what there is. `wanted` is asked what is of interest with every sign of a
    /// change; where nothing is, the wait ends without a change, and what that was is told to whoever asks next.
    /// Cancellation: terminal, with `operation_aborted`.
    virtual boost::asio::awaitable<change_news> changed_elsewhere(
        std::function<change_interest()> wanted = [] { return change_interest{.any = true}; }, milliseconds pause = {}
    ) = 0;
    /// Finishes what was started, then lets go of the store. Every later call throws `errc::closed`. Idempotent.
    virtual boost::asio::awaitable<void> close() = 0;
};

}  // namespace cofila
