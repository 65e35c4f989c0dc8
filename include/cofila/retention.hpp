#pragma once
#include <cofila/time.hpp>

#include <cstddef>
#include <optional>

namespace cofila {

/// How long a finished job is kept. The maintenance sweeps remove jobs by age and count; `remove` takes effect in the
/// commit that finishes the job.
struct retention {
    bool remove = false;           ///< Remove the job as soon as it has finished.
    std::optional<seconds> age{};  ///< Remove it this long after it has finished. 0 ... 10'000 years.
    /// Remove it once this many jobs of its queue and state have finished after it.
    std::optional<std::size_t> count{};

    static retention keep_all() { return {}; }
    static retention remove_at_once() { return {.remove = true}; }
    static retention keep_for(seconds age) { return {.age = age}; }
    static retention keep_last(std::size_t count) { return {.count = count}; }

    friend bool operator==(const retention&, const retention&) = default;
};

}  // namespace cofila
