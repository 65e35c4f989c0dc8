#pragma once
#include <cofila/job_record.hpp>
#include <cofila/lock.hpp>
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

enum class settled {
    accepted,  ///< The job has moved.
    already,   ///< This token had ended its attempt before; nothing was changed (an answer to a repeated call).
    lost,      ///< The token does not hold the lock; nothing was changed.
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
    std::vector<settled> settlements{};    ///< One for each, in order.
    std::vector<job_snapshot> claimed{};   ///< Active now; best first.
    std::vector<job_id> promoted{};        ///< Delayed jobs that were due and are waiting now, or claimed at once.
    std::optional<time_point> next_due{};  ///< If fewer than the limit were claimed: when the next delayed job is due.
    std::vector<job_snapshot> damaged{};   ///< Would have been claimed, but cannot be trusted: failed now.
    bool drained = false;                  ///< Something was settled, and nothing is waiting, due or active any more.
};

struct added_row {
    job_snapshot job{};  ///< As stored: the new job, or the one that has its id already.
    bool duplicate = false;
};

struct add_and_claim_answer {
    added_row added{};
    std::vector<job_snapshot> claimed{};
    std::vector<job_snapshot> damaged{};  ///< As in `settle_and_claim_answer`.
};

struct lock_extension {
    std::string queue{};
    job_ref job{};
    milliseconds duration{};  ///< The lock now ends at the request's `now` plus this.
};

struct worker_row {
    std::string id{};
    process_identity process{};
    time_point started_at{};
};

struct sweep_request {
    time_point now{};
    std::vector<rescue_order> rescues{};
    int limit = 1000;  ///< At most so many jobs promoted and so many removed; call again while `more`.
};

struct sweep_answer {
    struct promoted_job {
        std::string queue{};
        job_id id{};
    };
    struct rescued_job {
        std::string queue{};
        job_snapshot job{};
    };  ///< As it is after the rescue.
    struct pruned_jobs {
        std::string queue{};
        std::size_t count = 0;
    };

    std::vector<promoted_job> promoted{};
    std::vector<rescued_job> rescued{};
    std::vector<pruned_jobs> pruned{};
    bool more = false;  ///< The limit was reached: there may be more to do now.
};

/// What `retry`, `promote` and `remove` found. Nothing was changed unless `done`.
struct change_answer {
    bool found = false;
    bool done = false;
    job_state was{};     ///< The state in which the job was found.
    job_snapshot job{};  ///< As it is now; null after `remove`.
};

/// The store's own condition.
struct storage_status {
    bool replaced = false;  ///< The file at the path is not the one that is open: what is written now will be lost.
    std::uint64_t bytes = 0;
    std::uint64_t log_bytes = 0;  ///< Of the write-ahead log.
};

/// The port to the store: what the queue needs, each operation atomic, durable when it returns, and fenced by the
/// lock token where it touches a running job. It draws no ids, tokens or random numbers and reads no clock for
/// them: they come in as values. One contract suite (tests/contract) runs on every implementation.
///
/// Thread: called on the engine's thread. Cancellation: none; an operation that was started is finished and answered.
/// Errors: `cofila::error` with one of the storage codes; then nothing was changed (but see `errc::outcome_unknown`).
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

    /// Renews locks; an element of the answer is false where the token does not hold the lock (any more).
    /// Goes ahead of other waiting operations.
    virtual boost::asio::awaitable<std::vector<bool>> extend_locks(
        time_point now, std::vector<lock_extension> locks
    ) = 0;

    /// False: not stored, the job is gone or its lock is another's.
    virtual boost::asio::awaitable<bool> update_progress(std::string queue, job_ref job, std::string progress) = 0;
    /// As `update_progress`. Keeps the newest `keep` lines of the job.
    virtual boost::asio::awaitable<bool> add_log(std::string queue, job_ref job, log_line line, int keep) = 0;

    /// False: it was so already.
    virtual boost::asio::awaitable<bool> set_paused(std::string queue, bool paused) = 0;
    /// Any job but an active one.
    virtual boost::asio::awaitable<change_answer> remove(std::string queue, job_id id) = 0;
    /// A completed or failed job waits again, at the tail (the head if lifo).
    virtual boost::asio::awaitable<change_answer> retry(std::string queue, job_id id, retry_options options) = 0;
    /// A delayed job waits now; it keeps its position.
    virtual boost::asio::awaitable<change_answer> promote(std::string queue, job_id id) = 0;

    /// Over all queues: promotes due jobs, carries out the rescues, removes finished jobs whose retention is over.
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
    /// Oldest first.
    virtual boost::asio::awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) = 0;
    virtual boost::asio::awaitable<bool> is_paused(std::string queue) = 0;

    /// Housekeeping that is not about jobs: looks at the file, shortens its log when it is idle.
    virtual boost::asio::awaitable<storage_status> tend() = 0;
    /// True when somebody else may have changed the store since it was last asked; may be early, never late by more
    /// than the notification itself takes. False when `wanted` said no meanwhile, which it is asked with every sign of
    /// a change: what that was is told to whoever asks next. Cancellation: terminal, with `operation_aborted`.
    virtual boost::asio::awaitable<bool> changed_elsewhere(std::function<bool()> wanted = [] { return true; }) = 0;
    /// Finishes what was started, then lets go of the store. Every later call throws `errc::closed`. Idempotent.
    virtual boost::asio::awaitable<void> close() = 0;
};

}  // namespace cofila
