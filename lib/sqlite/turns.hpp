#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "sqlite/session.hpp"
#include "sqlite/taking.hpp"

/// Claims from a queue with groups, in turns.
namespace cofila::sqlite {

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

}  // namespace cofila::sqlite
