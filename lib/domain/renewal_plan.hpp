#pragma once
#include <cofila/time.hpp>

#include <optional>
#include <span>

namespace cofila::domain {

/// When to renew the locks of a worker, and when to give one up for lost. All by the steady clock, counted from the
/// moment at which the claim or the last renewal was asked for.
struct lock_timing {
    milliseconds duration{};
    milliseconds buffer{};  ///< Renew when no more than this is left.
};

/// Nothing: there are no locks to renew.
std::optional<steady_time> next_renewal(std::span<const steady_time> asked_at, const lock_timing& timing);

/// Of an attempt that has ended at `ended_at`, if it has, the lock is renewed for ten more durations: if the store has
/// not taken the outcome by then, the job is to run again elsewhere.
bool may_renew(std::optional<steady_time> ended_at, steady_time now, const lock_timing& timing);

/// After a look at the locks that took so long: however often others write, looks cost a small share of the time.
steady_time::duration pause_after_look(steady_time::duration took);

/// The lock may be another's by now: stop, and report nothing.
bool must_be_lost(steady_time asked_at, steady_time now, const lock_timing& timing);

}  // namespace cofila::domain
