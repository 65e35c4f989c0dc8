#pragma once
#include <cofila/event_log.hpp>
#include <cofila/metrics.hpp>
#include <cofila/repository/job_record.hpp>

#include <cstdint>
#include <optional>

/// What watchers of a queue learn about its jobs. The databases have the same rules as triggers.
namespace cofila::domain {

/// The log entry for one change of a job, without its sequence number; unset if the change is not logged. `before` is
/// null for a new job, `after` for a removed one.
std::optional<logged_event> event_of(const job_record* before, const job_record* after);

/// The number of the minute since 1970.
std::int64_t minute_of(time_point at);

/// A range of minute numbers, without `end`.
struct minutes {
    std::int64_t begin = 0;
    std::int64_t end = 0;

    bool contain(std::int64_t number) const { return number >= begin && number < end; }
};
/// The minutes that begin in the range, of the `kept` ones up to now.
minutes minutes_in(const metrics_range& range, time_point now, int kept);

/// Counts a job that ended with this change, in the minute of its end.
void count_end(const job_record& before, const job_record& after, minute_of_jobs& minute);

/// At most this many priorities are examined.
inline constexpr int most_priorities = 1000;
/// For how long a waiting job could have run: since it was added, was due or was tried. Stored times that make no sense
/// are clamped.
milliseconds waited(const job_record& job, time_point now);

}  // namespace cofila::domain
