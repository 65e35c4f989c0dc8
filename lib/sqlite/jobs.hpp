#pragma once
#include <cofila/job_repository.hpp>

#include "sqlite/session.hpp"

/// The operations of the repository on a connection, inside of a transaction. What they mean is said at the port.
namespace cofila::sqlite {

std::vector<added_row> add(session& with, const std::string& queue, const std::vector<job_snapshot>& jobs);

/// What a statement costs beside its rows is shared by so many new jobs.
inline constexpr std::size_t rows_at_once = 16;

/// One statement adds it.
bool is_plain(const job_record& job);

/// An operation's work: adds one plain job.
struct plain_add {
    std::string queue{};
    job_snapshot job{};

    std::vector<added_row> operator()(session& with) const { return add(with, queue, {job}); }
};

add_and_claim_answer add_and_claim(
    session& with, const std::string& queue, const job_snapshot& job, time_point now, const claim_order& order
);

/// Why the fence of a settlement's statement held. Never `accepted`, whatever a damaged row is read as.
settled refusal(const std::optional<job_record>& job, const settlement& end);
settle_and_claim_answer settle_and_claim(session& with, const settle_and_claim_request& request);
/// By reading alone, of a request that only claims: the answer where there is nothing to be written.
std::optional<settle_and_claim_answer> look_for_claim(session& with, const settle_and_claim_request& request);

/// An operation's work.
struct settling {
    settle_and_claim_request request{};

    bool looks_first() const { return request.settlements.empty() && request.claim; }
    std::optional<settle_and_claim_answer> look(session& with) const { return look_for_claim(with, request); }
    settle_and_claim_answer operator()(session& with) const { return settle_and_claim(with, request); }
};

std::vector<renewal> extend_locks(session& with, time_point now, const std::vector<lock_extension>& locks);

fenced_write update_progress(session& with, const std::string& queue, const job_ref& job, const std::string& progress);
fenced_write update_data(session& with, const std::string& queue, const job_ref& job, const std::string& data);
fenced_write add_log(session& with, const std::string& queue, const job_ref& job, const log_line& line, int keep);

bool set_paused(session& with, const std::string& queue, bool paused);
change_answer change(session& with, const std::string& queue, const job_id& id, const job_change& what, time_point now);
changed_page change_all(
    session& with,
    const std::string& queue,
    const job_filter& filter,
    const page_request& request,
    const job_change& what,
    time_point now
);
bool reset_queue(session& with, const std::string& queue);

sweep_answer sweep(session& with, const sweep_request& request);
/// By reading alone, without rescues: the answer where nothing is due.
std::optional<sweep_answer> look_for_sweep(session& with, const sweep_request& request);

/// An operation's work.
struct sweeping {
    sweep_request request{};

    bool looks_first() const { return request.rescues.empty(); }
    std::optional<sweep_answer> look(session& with) const { return look_for_sweep(with, request); }
    sweep_answer operator()(session& with) const { return sweep(with, request); }
};

bool register_worker(session& with, const worker_row& worker);
bool forget_worker(session& with, const std::string& id);

/// Shared by the files that implement these.
/// 0: there is no such job.
std::int64_t key_of(session& with, std::optional<std::int64_t> queue, const job_ref& job);
/// Carries `change` out on an active job that `token` holds, or on one that nobody holds (`token` empty). False: it
/// does not.
bool move_job(session& with, std::int64_t queue, std::int64_t key, const std::string& token, const transition& change);
/// Removes a job with all that belongs to it.
void erase_job(session& with, std::int64_t queue, std::int64_t key);
/// The same for one that has finished, unless it holds its deduplication id still: then the sweep does it, and
/// the answer is false.
bool erase_finished(session& with, std::int64_t queue, std::int64_t key, time_point now);

struct due_job {
    std::int64_t key = 0;
    job_id id{};
};
/// Delayed jobs of a queue whose time has come wait now; at most `limit`, so that the transaction stays short.
std::vector<due_job> promote_due(session& with, std::int64_t queue, time_point now, int limit);

}  // namespace cofila::sqlite
