#pragma once
#include <cofila/time.hpp>

#include <optional>
#include <span>

namespace cofila::domain {

/// When to renew the locks of a worker, and when to declare one lost. Everything is by the steady clock, counted from
/// the moment at which the claim or the last renewal was requested.
struct lock_timing {
    milliseconds duration{};
    milliseconds buffer{};  ///< Renew when no more than this is left.
};

/// Unset if there are no locks to renew.
std::optional<steady_time> next_renewal(std::span<const steady_time> asked_at, const lock_timing& timing);

/// Whether the lock of an attempt may be renewed. One that has ended, at `ended_at`, keeps its lock for ten more
/// durations: if the store has not taken the outcome by then, the job is to run again elsewhere.
bool may_renew(std::optional<steady_time> ended_at, steady_time now, const lock_timing& timing);

/// The pause after a look at the locks that took this long: however often others write, looks cost a small share of the
/// time.
steady_time::duration pause_after_look(steady_time::duration took);

/// Whether another worker may have the lock by now: stop, and report nothing.
bool must_be_lost(steady_time asked_at, steady_time now, const lock_timing& timing);

}  // namespace cofila::domain
