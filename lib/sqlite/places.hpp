#pragma once
#include <cofila/job_state.hpp>
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite/session.hpp"

/// The place of a job in the table of its state. A move is: read it, leave, put.
namespace cofila::sqlite {

struct stored_place {
    std::int64_t queue = 0;
    std::int64_t priority = 0;
    std::int64_t position = 0;
    std::optional<time_point> run_at{};
    bool rare = false;  ///< It has a row in cofila_rare.
    // Of its last claim.
    std::optional<time_point> processed_at{};
    std::int64_t attempts_started = 0;
    std::optional<std::int64_t> worker{};
    std::string token{};     ///< The bytes; empty if it has none.
    std::int64_t group = 0;  ///< The number of its group while it waits, is delayed or runs; 0 if it has none.
};

/// Where a job stands that is in that state. All zeros if there is none.
stored_place place_of(session& tx, std::int64_t key, job_state state);
/// Takes a key out of the table of that state.
void leave(session& tx, std::int64_t key, job_state state, const stored_place& at);
/// The lock of a job, and the bytes of the token that must hold it.
struct held_lock {
    std::int64_t queue = 0;
    std::int64_t key = 0;
    std::string_view token{};
};

/// Takes the keys of jobs that have ended out of the table of active ones. Returns for each whether its lock was held.
std::vector<bool> leave_active(session& tx, std::span<const held_lock> locks);
/// Puts a key into the table of waiting or delayed jobs. `was`: the state before; unset for a new job.
void put(session& tx, std::int64_t key, job_state to, const stored_place& at, std::optional<job_state> was);

}  // namespace cofila::sqlite
