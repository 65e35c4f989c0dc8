#pragma once
#include <cofila/time.hpp>

#include <cstddef>
#include <optional>

namespace cofila::domain {

/// What a worker knows when it decides its next step.
struct fetch_situation {
    int concurrency = 1;
    int prefetch = 0;        ///< Jobs that may be claimed before they can run.
    int taken = 0;           ///< Claimed or requested: running, ready to run, or in the store's next answer.
    int unsettled = 0;       ///< Attempts that have ended and that the store does not know yet.
    int asking = 0;          ///< Questions under way.
    bool open = true;        ///< False while paused or closing: nothing is claimed.
    bool maybe_work = true;  ///< Something happened since a claim came back short.
    time_point now{};
    std::optional<time_point> next_due{};  ///< When a delayed job is due, as the last claim saw it.
    milliseconds poll_interval{};
};

struct fetch_plan {
    bool ask = false;     ///< Ask the store now: to settle, to claim, or both.
    int settle = 0;       ///< Ended attempts that go along, oldest first.
    int claim = 0;        ///< Jobs to request.
    bool more = false;    ///< There is room for more than is requested.
    bool go_on = false;   ///< Plan again at once, without waiting for the answer.
    milliseconds wait{};  ///< Otherwise sleep at most this long, or until woken.
};

fetch_plan plan_fetch(const fetch_situation& s);

/// Jobs that cannot run and are ended by one claim, at most: its transaction stays short.
inline constexpr std::size_t most_ended = 1000;

/// When a claim that came back short may find more; unset if not before something happens. A delayed job is due at
/// `first_due`; a queue that rests gives nothing until `rests_until`; a rate makes room for `waiting` jobs at `again`.
std::optional<time_point> next_look(
    std::optional<time_point> first_due,
    std::optional<time_point> rests_until,
    std::optional<time_point> again,
    bool waiting,
    time_point now
);

}  // namespace cofila::domain
