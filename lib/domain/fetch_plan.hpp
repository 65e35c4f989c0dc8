#pragma once
#include <cofila/time.hpp>

#include <cstddef>
#include <optional>

namespace cofila::domain {

/// What a worker knows when it decides about its next step.
struct fetch_situation {
    int concurrency = 1;
    int prefetch = 0;        ///< So many more may be claimed before they can run.
    int taken = 0;           ///< Claimed, or asked for: running, ready to run, or in the store's next answer.
    int unsettled = 0;       ///< Attempts that have ended, of which the store does not know yet.
    int asking = 0;          ///< Questions that the store has not answered yet.
    bool open = true;        ///< False: paused or closing, nothing is claimed.
    bool maybe_work = true;  ///< Something happened since a claim came back short.
    time_point now{};
    std::optional<time_point> next_due{};  ///< Of a delayed job, as the last claim saw it.
    milliseconds poll_interval{};
};

struct fetch_plan {
    bool ask = false;     ///< Ask the store now: to settle, to claim, or both.
    int settle = 0;       ///< So many ended attempts go along, oldest first.
    int claim = 0;        ///< So many jobs are to be asked for.
    bool more = false;    ///< There is room for more than is asked for.
    bool go_on = false;   ///< Look again at once, without waiting for the answer.
    milliseconds wait{};  ///< Else: sleep at most so long, or until woken.
};

fetch_plan plan_fetch(const fetch_situation& s);

/// So many jobs that cannot run are ended by one claim: its transaction stays short.
inline constexpr std::size_t most_ended = 1000;

/// When a claim that came back short may find more. A delayed job is due at `first_due`; of a queue that rests nothing
/// is claimed until `rests_until`; a rate makes room for jobs that are `waiting` at `again`. Nothing: not before
/// something happens.
std::optional<time_point> next_look(
    std::optional<time_point> first_due,
    std::optional<time_point> rests_until,
    std::optional<time_point> again,
    bool waiting,
    time_point now
);

}  // namespace cofila::domain
