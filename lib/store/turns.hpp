#pragma once
#include <optional>

#include "store/taking.hpp"

/// Claims from a queue with groups, in turns.
namespace cofila::store {

/// What limits a claim from groups.
struct turn_limits {
    const queue_settings& limits;
    time_point at{};  ///< The time under which the rates count the claim.
};

/// Claims at most `room` jobs, from all groups in turns. Returns true if every group that may run was looked at.
bool claim_in_turns(const claim_step& claim, const turn_limits& within, int room);
/// Reads only: whether `claim_in_turns` may change anything.
bool any_turn(tables& db, std::int64_t queue, const turn_limits& within, time_point now);

}  // namespace cofila::store
