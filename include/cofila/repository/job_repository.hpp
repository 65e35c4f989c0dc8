#pragma once
#include <cofila/error.hpp>
#include <cofila/event_log.hpp>
#include <cofila/limits.hpp>
#include <cofila/metrics.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_change.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/job_situation.hpp>
#include <cofila/repository/lock.hpp>
#include <cofila/repository/news.hpp>
#include <cofila/repository/transition.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cofila {

/// Identifies a job for a write. If `key` is 0, the id is looked up. The token is the fence: it must be that of the
/// job's lock, or empty for a job that is not locked; otherwise no row is changed.
struct job_ref {
    std::string queue{};
    job_id id{};
    std::int64_t key = 0;
    std::string token{};

    /// The claim of which `job` is the record.
    static job_ref of(const job_record& job)
    {
        return {.queue = job.queue, .id = job.id, .key = job.key, .token = job.token};
    }
};

/// The end of one attempt: `job` leaves `active` if and only if its token still holds the lock.
struct settlement {
    job_ref job{};
    transition change{};
};

struct claim_order {
    std::string queue{};
    std::vector<lock_token> tokens{};  ///< One for each job that may be claimed; their number is the limit.
    std::string worker{};
    milliseconds lock_duration{};
};

struct settle_and_claim_request {
    time_point now{};
    std::vector<settlement> settlements{};
    std::optional<claim_order> claim{};
};

struct settle_and_claim_answer {
    std::vector<settled> settlements{};   ///< One for each settlement, in order.
    std::vector<job_snapshot> claimed{};  ///< Active now; best first.
    news_list news{};                     ///< What else happened.
    /// If fewer jobs than the limit were claimed: when a claim may find more.
    std::optional<time_point> next_due{};
    bool limited = false;  ///< True if the end of another job may make room for more claims.
    /// True if something was settled, and no job of the claim's queue is waiting, due or active any more.
    bool drained = false;
};

struct added_row {
    job_snapshot job{};  ///< As stored: the new job, or the existing one with its id.
    bool duplicate = false;
    /// The owner of the deduplication id. `job` is that owner or, with `keep_last`, the job that is kept for its end.
    std::optional<job_id> deduplicated_by{};
};

struct add_answer {
    std::vector<added_row> rows{};        ///< One for each job, in order.
    std::vector<job_snapshot> claimed{};  ///< Active now; best first.
    news_list news{};                     ///< What else happened.
};

struct lock_extension {
    job_ref job{};
    milliseconds duration{};  ///< The lock then ends at the request's `now` plus this.
};

struct renewal {
    bool held = false;                       ///< False if the token does not hold the lock (any more).
    std::optional<std::string> cancelled{};  ///< Why the job was asked to end; otherwise unset.
    job_snapshot completed{};                ///< The job if this token has completed it; otherwise null.
};

/// The result of a write that leaves a job in its state.
struct fenced_write {
    /// False if the job is gone or the token does not hold its lock; then nothing was changed.
    bool stored = false;
    std::optional<std::string> cancelled{};  ///< Why the job was asked to end; otherwise unset.
};

struct worker_row {
    std::string id{};
    process_identity process{};
    time_point started_at{};
};

struct sweep_request {
    time_point now{};
    std::vector<rescue_order> rescues{};
    /// At most this many jobs are promoted, expired and removed each; call again while `more`.
    int limit = 1000;
};

struct sweep_answer {
    news_list news{};
    bool more = false;  ///< True if the limit was reached: there may be more to do now.
};

/// The result of `change`.
struct change_answer {
    std::optional<job_state> was{};  ///< The state in which the job was found; unset if there is none.
    job_snapshot job{};              ///< As it is now; null if there is none (any more).
    news_list news{};                ///< The change, and what followed from it. Empty if its state does not allow it.

    bool found() const { return was.has_value(); }
    bool done() const { return !news.empty(); }
};

/// The result of `change_all`, for one page.
struct changed_page {
    std::size_t changed = 0;  ///< Jobs; those that were kept for the end of one of them do not count.
    news_list news{};         ///< The changes, and what followed from them.
    std::string next{};       ///< Empty on the last page.
};

/// The condition of the store itself.
struct storage_status {
    /// What an operator should know, in the words of the store. At most one of each code; it stays as long as it is
    /// true.
    std::vector<error> warnings{};
    bool lost = false;  ///< Whatever is written now will be lost. One of the warnings says why.
};

/// The changes by other processes that a caller waits for.
struct change_interest {
    bool any = false;                   ///< Any change.
    bool any_later = false;             ///< Any change, but in no hurry.
    std::vector<std::string> queues{};  ///< A job that can be claimed from one of these queues.
    std::uint64_t taken = 0;            ///< Jobs claimed so far; they show whether looking is worthwhile.

    bool nothing() const { return !any && !any_later && queues.empty(); }
};

struct change_news {
    struct claimable_jobs {
        std::string queue{};
        std::size_t jobs = 0;
    };

    bool changed = false;
    /// What can be claimed from the queues of interest. Unset: this is not known, and anything may have happened.
    std::optional<std::vector<claimable_jobs>> claimable{};
};

/// The port to the store: what the queue needs. Each operation is atomic, durable when it returns, and fenced by the
/// lock token if it touches a running job. A repository draws no random numbers and reads no clock for them: tokens,
/// the random parts of ids and the time are passed in as values. Texts are UTF-8 without zero bytes. One suite of
/// contract tests runs against every implementation. Headers in cofila/repository/ may change with every release.
///
/// Thread: called on the engine's executor, where one thing happens at a time. Cancellation: none; an operation that
/// has started is finished and returns its result. Errors: `cofila::error` with one of the storage codes, after which
/// nothing was changed (but see `errc::outcome_unknown`).
class job_repository {
public:
    virtual ~job_repository() = default;

    /// Stores new jobs of any queues, all or none, in order. Each record is waiting or delayed, with `options`
    /// resolved. It belongs to the repository from then on, which assigns key and position and, if `random` is set, the
    /// id. A job whose id exists already in its queue, in any state, is not stored.
    virtual boost::asio::awaitable<add_answer> add(std::vector<job_draft> jobs) = 0;

    /// Adds one job and claims the next ones, in one transaction: the new job itself if no other job is before it.
    virtual boost::asio::awaitable<add_answer> add_and_claim(job_draft job, time_point now, claim_order order) = 0;

    /// Ends attempts and claims the next jobs, in one transaction. Promotes due jobs before it claims. Claims nothing
    /// from a paused queue.
    virtual boost::asio::awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) = 0;

    /// Renews locks and returns one result for each. Goes ahead of other waiting operations.
    virtual boost::asio::awaitable<std::vector<renewal>> extend_locks(
        time_point now, std::vector<lock_extension> locks
    ) = 0;

    /// Returns for each of these locks why its job was asked to end; unset if it was not. Reads only.
    virtual boost::asio::awaitable<std::vector<std::optional<std::string>>> cancellations(std::vector<job_ref> locks
    ) = 0;

    virtual boost::asio::awaitable<fenced_write> update_progress(job_ref job, std::string progress) = 0;
    virtual boost::asio::awaitable<fenced_write> update_data(job_ref job, std::string data) = 0;
    /// Adds a line to the job's log and keeps its newest `keep` lines.
    virtual boost::asio::awaitable<fenced_write> add_log(job_ref job, log_line line, int keep) = 0;

    /// Changes one setting of the queue, for all processes.
    virtual boost::asio::awaitable<void> set(std::string queue, queue_setting setting) = 0;
    /// Returns the settings of the queue. If there is no such queue, they are the default ones.
    virtual boost::asio::awaitable<queue_settings> settings(std::string queue) = 0;
    /// Returns false if the queue was in that state already.
    virtual boost::asio::awaitable<bool> set_paused(std::string queue, bool paused) = 0;
    /// Changes one job if its state allows that.
    virtual boost::asio::awaitable<change_answer> change(
        std::string queue, job_id id, job_change change, time_point now
    ) = 0;
    /// Changes each job that `list` would show on this page and whose state allows it. `filter.state` must not be
    /// empty.
    virtual boost::asio::awaitable<changed_page> change_all(
        std::string queue, job_filter filter, page_request request, job_change change, time_point now
    ) = 0;
    /// Resets the settings of the queue to those of a new one, and forgets what was kept for them. Its jobs stay.
    virtual boost::asio::awaitable<void> reset_queue(std::string queue) = 0;

    /// Sweeps all queues: promotes due jobs, fails expired ones, carries out the rescues, and removes finished jobs
    /// whose retention is over.
    virtual boost::asio::awaitable<sweep_answer> sweep(sweep_request request) = 0;
    /// Returns all locks of all queues.
    virtual boost::asio::awaitable<std::vector<lock_row>> locks() = 0;
    virtual boost::asio::awaitable<void> register_worker(worker_row worker) = 0;
    virtual boost::asio::awaitable<void> forget_worker(std::string id) = 0;
    /// Returns all registered workers, including those whose process has died.
    virtual boost::asio::awaitable<std::vector<worker_row>> workers() = 0;

    virtual boost::asio::awaitable<std::optional<job_record>> get(std::string queue, job_id id) = 0;
    virtual boost::asio::awaitable<page<job_snapshot>> list(
        std::string queue, job_filter filter, page_request request
    ) = 0;
    virtual boost::asio::awaitable<job_counts> counts(std::string queue) = 0;
    /// Returns the number of waiting jobs for each of these priorities.
    virtual boost::asio::awaitable<std::vector<std::size_t>> counts_by_priority(
        std::string queue, std::vector<int> priorities
    ) = 0;
    /// Returns how many waiting jobs are before this one now; unset if it is not waiting.
    virtual boost::asio::awaitable<std::optional<std::size_t>> position(std::string queue, job_id id) = 0;
    /// Returns the situation of a job; unset if there is no such job.
    virtual boost::asio::awaitable<std::optional<job_situation>> situation(
        std::string queue, job_id id, time_point now
    ) = 0;
    /// Returns the queues that have a job or a setting (a pause, a limit, an event log, metrics), by name, byte by
    /// byte.
    virtual boost::asio::awaitable<page<queue_info>> queues(page_request request) = 0;
    virtual boost::asio::awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) = 0;
    virtual boost::asio::awaitable<bool> is_paused(std::string queue) = 0;

    /// Returns the state of the event log, with the place of the reader `cursor`, which may be empty.
    virtual boost::asio::awaitable<event_log_state> event_log_of(std::string queue, std::string cursor) = 0;
    /// Returns the oldest kept events with numbers beyond `after`, at most `limit`. The numbers of kept events have no
    /// gap.
    virtual boost::asio::awaitable<std::vector<logged_event>> events_after(
        std::string queue, std::uint64_t after, int limit
    ) = 0;
    /// Stores a reader's place under a name. Unset: forgets it.
    virtual boost::asio::awaitable<void> set_event_cursor(
        std::string queue, std::string name, std::optional<std::uint64_t> place
    ) = 0;
    /// Returns what was counted in these minutes, and the latency at `now`.
    virtual boost::asio::awaitable<queue_metrics> metrics(std::string queue, time_point now, metrics_range range) = 0;

    /// Returns where the store is, as programs write it; empty if it is in memory. Thread: any.
    virtual std::string location() const = 0;
    /// Does the housekeeping of the store that does not concern jobs, and examines its condition.
    virtual boost::asio::awaitable<storage_status> tend() = 0;
    /// Waits until another process may have changed something of interest since the last call, and returns what is
    /// known about it. May return early. Is late by no more than the notification takes, plus `pause`: the time for
    /// which signs of a change gather before a look, for a caller in no hurry. But if several processes have waiting
    /// workers, those that recently found nothing leave the others time to take what there is. `wanted` is called at
    /// each sign of a change and returns what is of interest. Once that is nothing, this returns without a change, and
    /// the change is reported by the next call. Cancellation: terminal, throws `operation_aborted`.
    virtual boost::asio::awaitable<change_news> changed_elsewhere(
        std::function<change_interest()> wanted = [] { return change_interest{.any = true}; }, milliseconds pause = {}
    ) = 0;
    /// Finishes the operations that have started, then releases the store. Every later call throws `errc::closed`.
    /// Idempotent.
    virtual boost::asio::awaitable<void> close() = 0;
};

}  // namespace cofila
