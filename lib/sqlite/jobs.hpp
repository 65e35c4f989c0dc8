#pragma once
#include <cofila/job_repository.hpp>

#include "sqlite/session.hpp"

/// The operations of the repository on a connection, within a transaction. The port documents what they mean.
namespace cofila::sqlite {

add_answer add(session& with, const std::vector<job_snapshot>& jobs);

/// Rows in one INSERT: its fixed cost is shared by this many jobs.
inline constexpr std::size_t rows_at_once = 16;

/// Whether one statement adds it.
bool is_plain(const job_record& job);

/// The work of an operation that adds one plain job.
struct plain_add {
    job_snapshot job{};

    add_answer operator()(session& with) const { return add(with, {job}); }
};
/// The answer to the addition of this plain job alone.
add_answer alone(const added_row& row);

add_answer add_and_claim(session& with, const job_snapshot& job, time_point now, const claim_order& order);

/// Why the fence of a settlement's statement held. Never returns `accepted`, whatever a damaged row is read as.
settled refusal(const std::optional<job_record>& job, const settlement& end);
settle_and_claim_answer settle_and_claim(session& with, const settle_and_claim_request& request);
/// Reads only, for a request that only claims: the answer if there is nothing to write.
std::optional<settle_and_claim_answer> look_for_claim(session& with, const settle_and_claim_request& request);

/// The work of an operation.
struct settling {
    settle_and_claim_request request{};

    bool looks_first() const { return request.settlements.empty() && request.claim; }
    std::optional<settle_and_claim_answer> look(session& with) const { return look_for_claim(with, request); }
    settle_and_claim_answer operator()(session& with) const { return settle_and_claim(with, request); }
};

std::vector<renewal> extend_locks(session& with, time_point now, const std::vector<lock_extension>& locks);

fenced_write update_progress(session& with, const job_ref& job, const std::string& progress);
fenced_write update_data(session& with, const job_ref& job, const std::string& data);
fenced_write add_log(session& with, const job_ref& job, const log_line& line, int keep);

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
/// Reads only, without rescues: the answer if nothing is due.
std::optional<sweep_answer> look_for_sweep(session& with, const sweep_request& request);

/// The work of an operation.
struct sweeping {
    sweep_request request{};

    bool looks_first() const { return request.rescues.empty(); }
    std::optional<sweep_answer> look(session& with) const { return look_for_sweep(with, request); }
    sweep_answer operator()(session& with) const { return sweep(with, request); }
};

bool register_worker(session& with, const worker_row& worker);
bool forget_worker(session& with, const std::string& id);

// Shared by the files that implement these.

/// Returns 0 if there is no such job.
std::int64_t key_of(session& with, std::optional<std::int64_t> queue, const job_ref& job);

enum class moved {
    no,  ///< The job is not as the mover thinks; nothing was changed.
    yes,
    gone,  ///< It has moved, and was removed then.
};
/// Carries `change` out on an active job that `token` holds, or with an empty `token` on a job that is not locked.
/// Reports the job that it frees.
moved move_job(
    session& with,
    std::int64_t queue,
    std::int64_t key,
    const std::string& token,
    const transition& change,
    news_list& news
);
/// The same for a job that was read, which is reported first. Returns false if nothing was changed.
bool move_and_tell(
    session& with,
    std::int64_t queue,
    const job_record& job,
    const std::string& token,
    const transition& change,
    job_news::cause why,
    news_list& news
);
/// Removes a job with everything that belongs to it, and reports the job that it frees.
void erase_job(session& with, std::int64_t queue, std::int64_t key, news_list& news);
/// The same for a finished job, unless it still holds its deduplication id: then it returns false, and the sweep
/// removes the job.
bool erase_finished(session& with, std::int64_t queue, std::int64_t key, time_point now, news_list& news);
/// Removes a job that was read, and reports it first.
void erase_and_tell(session& with, std::int64_t queue, job_record job, job_news::cause why, news_list& news);

/// Makes delayed jobs of a queue whose time has come wait: at most `limit`, so that the transaction stays short.
/// Returns how many.
int promote_due(session& with, std::int64_t queue, time_point now, int limit, news_list& news);

}  // namespace cofila::sqlite
