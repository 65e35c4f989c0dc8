#pragma once
#include <cofila/time.hpp>

#include <optional>

namespace cofila::domain {

/// What a worker knows when it decides about its next step.
struct fetch_situation {
    int concurrency = 1;
    int running = 0;
    bool unsettled = false;  ///< Attempts have ended that the store does not know of yet.
    bool open = true;        ///< False: paused or closing, nothing is claimed.
    bool maybe_work = true;  ///< Something happened since a claim came back short.
    time_point now{};
    std::optional<time_point> next_due{};  ///< Of a delayed job, as the last claim saw it.
    milliseconds poll_interval{};
};

struct fetch_plan {
    int claim = 0;        ///< So many jobs are to be asked for.
    bool ask = false;     ///< Ask the store now: to settle, to claim, or both.
    milliseconds wait{};  ///< Else: sleep at most so long, or until woken.
};

fetch_plan plan_fetch(const fetch_situation& s);

}  // namespace cofila::domain
