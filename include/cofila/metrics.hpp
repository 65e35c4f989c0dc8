#pragma once
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace cofila {

/// Jobs that ended in one minute, with what their last attempts took: from the claim to the end.
struct finished_jobs {
    std::uint64_t count = 0;
    milliseconds total{};
    milliseconds longest{};

    friend bool operator==(const finished_jobs&, const finished_jobs&) = default;
};

struct minute_of_jobs {
    time_point start{};
    finished_jobs completed{};
    finished_jobs failed{};  ///< For good: attempts that are followed by another one do not count.

    friend bool operator==(const minute_of_jobs&, const minute_of_jobs&) = default;
};

/// Of which minutes the counts are told: those that begin in it. Default: of all that are kept.
struct metrics_range {
    std::optional<time_point> since{};   ///< At that time or later.
    std::optional<time_point> before{};  ///< Before that time.
};

struct queue_metrics {
    std::vector<minute_of_jobs> minutes{};  ///< Oldest first, without those in which nothing ended.
    /// How long the oldest waiting job has been waiting: since it was added, its delay was over or somebody let it run,
    /// or, where it was tried before, since that attempt began. Zero where none waits. Of jobs that wait, the first and
    /// the last of each priority are looked at, of at most 1'000 priorities.
    milliseconds latency{};

    friend bool operator==(const queue_metrics&, const queue_metrics&) = default;
};

}  // namespace cofila
