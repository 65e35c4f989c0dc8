#pragma once
#include <cofila/job_repository.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/limits.hpp"
#include "sqlite/claiming.hpp"
#include "sqlite/session.hpp"

/// Parts of a claim.
namespace cofila::sqlite {

bool is_unfit(const job_record& job, time_point now);
/// Fails a waiting job that cannot be trusted or has expired.
job_snapshot end_unfit(session& with, std::int64_t queue, job_record job, time_point now);
/// With the order's token of that number.
job_snapshot lock_job(session& with, job_record job, const claim_order& order, std::size_t number, time_point now);

/// At most `jobs`, of all groups in turns. `again`, where a rate keeps a group from more: when there is room.
void claim_in_turns(
    session& with,
    std::int64_t queue,
    const queue_limits& limits,
    const claim_order& order,
    int jobs,
    time_point now,
    taken& out,
    std::optional<time_point>& again
);

/// A job of the group was tried before and is to be tried again: it is the next one.
bool in_the_middle(session& with, std::int64_t queue, const std::string& group);

/// Oldest first; of one group, or (null) of all.
std::vector<domain::claim_note> past_claims(session& with, std::int64_t queue, const std::string* group);
/// And forgets those that count no more.
void note_claims(
    session& with,
    std::int64_t queue,
    const queue_limits& limits,
    const std::vector<job_snapshot>& claimed,
    time_point now
);

}  // namespace cofila::sqlite
