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

/// Fails a waiting job as `domain::unfit` says.
job_snapshot end_unfit(session& with, std::int64_t queue, job_record job, const transition& change);
/// With the order's token of that number.
job_snapshot lock_job(session& with, job_record job, const claim_order& order, std::size_t number, time_point now);

/// Whose turn it is.
struct turn_search {
    session& with;
    std::int64_t queue = 0;
    const queue_limits& limits;
    int wanted = 0;
    time_point now{};
    time_point at{};  ///< What the rates count the claim for.
};

/// At most `jobs`, of all groups in turns. `again`, where a rate keeps a group from more: when there is room.
void claim_in_turns(
    const turn_search& where, const claim_order& order, int jobs, taken& out, std::optional<time_point>& again
);
/// By reading alone: whether that would change anything.
bool any_turn(const turn_search& where, int jobs, std::optional<time_point>& again);

/// A job of the group was tried before and is to be tried again: it is the next one.
bool in_the_middle(session& with, std::int64_t queue, const std::string& group);

/// Oldest first; of one group, or (null) of all.
std::vector<domain::claim_note> past_claims(session& with, std::int64_t queue, const std::string* group);
/// Counts them for `at`, and forgets those of more than a window before.
void note_claims(
    session& with,
    std::int64_t queue,
    const queue_limits& limits,
    const std::vector<job_snapshot>& claimed,
    time_point at,
    milliseconds window
);

}  // namespace cofila::sqlite
