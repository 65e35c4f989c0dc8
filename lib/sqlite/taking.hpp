#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/limits.hpp"
#include "sqlite/session.hpp"

/// Parts of a claim: who is unfit, the lock, notes for rates.
namespace cofila::sqlite {

struct taken {
    std::vector<job_snapshot> claimed{};
    std::size_t ended = 0;             ///< Jobs that were unfit: damaged, or expired.
    bool limited = false;              ///< The end of another job may make room.
    bool stopped = false;              ///< There are more unfit jobs than one claim ends.
    std::optional<time_point> next{};  ///< Set if it came back short: when a claim may find more.
};

/// Fails a waiting job as `domain::unfit` says.
void end_unfit(session& with, std::int64_t queue, const job_record& job, const transition& change, news_list& news);
/// Locks a waiting job with the order's token of that number.
job_snapshot lock_job(session& with, job_record job, const claim_order& order, std::size_t number, time_point now);

/// Claims so far, oldest first: of one group, or of all if `group` is null.
std::vector<domain::claim_note> past_claims(session& with, std::int64_t queue, const std::string* group);
/// Notes the claims under `at`, and drops notes that are more than a window older.
void note_claims(
    session& with,
    std::int64_t queue,
    const queue_limits& limits,
    const std::vector<job_snapshot>& claimed,
    time_point at,
    milliseconds window
);

}  // namespace cofila::sqlite
