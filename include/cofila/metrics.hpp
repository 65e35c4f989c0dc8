#pragma once
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace cofila {

/// The jobs that ended in one minute, and how long their last attempts took from the claim to the end.
struct finished_jobs {
    std::uint64_t count = 0;
    milliseconds total{};
    milliseconds longest{};

    friend bool operator==(const finished_jobs&, const finished_jobs&) = default;
};

struct minute_of_jobs {
    time_point start{};
    finished_jobs completed{};
    finished_jobs failed{};  ///< Failed for good; attempts followed by another one do not count.

    friend bool operator==(const minute_of_jobs&, const minute_of_jobs&) = default;
};

/// Selects the minutes whose counts are returned: those that begin in this range. Default: all minutes that are kept.
struct metrics_range {
    std::optional<time_point> since{};   ///< At this time or later.
    std::optional<time_point> before{};  ///< Before this time.
};

struct queue_metrics {
    std::vector<minute_of_jobs> minutes{};  ///< Oldest first, without those in which no job ended.
    /// How long the oldest waiting job has been waiting; zero if no job waits. A wait begins when the job was added,
    /// when its delay ended, when a call let it run or when its last attempt began, whichever is latest. Of the waiting
    /// jobs, only the first and the last of each priority are examined, for at most 1'000 priorities.
    milliseconds latency{};

    friend bool operator==(const queue_metrics&, const queue_metrics&) = default;
};

}  // namespace cofila
