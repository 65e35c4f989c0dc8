#pragma once
#include <cofila/cancel_reason.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/time.hpp>

#include <atomic>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "domain/attempt_outcome.hpp"

namespace cofila {

class runner;
struct attempt_run;
using attempt_ptr = std::shared_ptr<attempt_run>;

/// One claimed job, from the claim until the store knows its outcome. Lives on the loop.
struct attempt_run {
    attempt_run(job_snapshot claimed, steady_time asked) : job{std::move(claimed)}, asked_at{asked} {}

    const job_snapshot job;
    steady_time asked_at;  ///< When the lock was last requested: it is ours for `lock_duration` from then.
    steady_time started_at{};
    cancel_reason cancelled = cancel_reason::none;
    std::string cancelled_why{};    ///< Set if the job was cancelled.
    steady_time asked_to_end_at{};  ///< Set if `cancelled` is a reason.
    bool told_of = false;           ///< It was reported as running long.
    job_snapshot completed{};       ///< The job as the store reported it completed before its end; null if it did not.
    bool abandoned = false;         ///< Given up: a later result of the processor is dropped.
    std::optional<steady_time> ended_at{};                 ///< Set while it waits for the store to take its outcome.
    std::list<attempt_ptr>::iterator place{};              ///< Among the running ones; for `slots`.
    std::weak_ptr<runner> runs_in{};                       ///< Unset if not started, or ended. It knows this one.
    std::atomic<cancel_reason> told{cancel_reason::none};  ///< `cancelled` for the processor, on whatever thread it is.

    bool lost() const noexcept { return cancelled == cancel_reason::lock_lost; }

    /// Records that the processor is asked to end. A graver reason replaces the one that stands. Returns true the first
    /// time.
    bool ask_to_end(cancel_reason reason, steady_time now, std::string why = {})
    {
        if (!domain::outweighs(reason, cancelled))
            return false;
        const bool first = cancelled == cancel_reason::none;
        cancelled = reason;
        cancelled_why = std::move(why);
        told = reason;
        if (first)
            asked_to_end_at = now;
        return first;
    }
};

}  // namespace cofila
