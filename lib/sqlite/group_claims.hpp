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

/// Parts of a claim: a job's lock, turns of groups, notes for rates.
namespace cofila::sqlite {

/// Fails a waiting job as `domain::unfit` says.
void end_unfit(session& with, std::int64_t queue, const job_record& job, const transition& change, news_list& news);
/// Locks a waiting job with the order's token of that number.
job_snapshot lock_job(session& with, job_record job, const claim_order& order, std::size_t number, time_point now);

/// What a search for the next turn needs.
struct turn_search {
    session& with;
    std::int64_t queue = 0;
    const queue_limits& limits;
    int wanted = 0;
    time_point now{};
    time_point at{};  ///< The time under which the rates count the claim.
};

/// A claim from a queue with groups, and where its results go.
struct turn_claim {
    const turn_search search;
    const claim_order& order;
    taken& out;
    news_list& news;
};

/// Claims at most `jobs` jobs, from all groups in turns. If a rate keeps a group from more, `again` becomes the time
/// when there is room.
void claim_in_turns(const turn_claim& claim, int jobs, std::optional<time_point>& again);
/// Reads only: whether `claim_in_turns` would change anything.
bool any_turn(const turn_search& where, int jobs, std::optional<time_point>& again);

/// Whether a job of the group was tried before and is waiting to be tried again: it is the next one.
bool in_the_middle(session& with, std::int64_t queue, const std::string& group);

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
