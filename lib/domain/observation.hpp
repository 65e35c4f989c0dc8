#pragma once
#include <cofila/event_log.hpp>
#include <cofila/job_record.hpp>
#include <cofila/metrics.hpp>

#include <cstdint>
#include <optional>

/// What those who watch a queue are told of its jobs. The SQLite repository has the same rules as triggers.
namespace cofila::domain {

/// Of a change of a job, without its number; nothing: nothing that is told. Null: it was not there before, or is gone.
std::optional<logged_event> event_of(const job_record* before, const job_record* after);

/// The number of the minute, since 1970.
std::int64_t minute_of(time_point at);

/// Numbers of minutes, without `end`.
struct minutes {
    std::int64_t begin = 0;
    std::int64_t end = 0;

    bool contain(std::int64_t number) const { return number >= begin && number < end; }
};
/// Those that begin in the range, of the `kept` ones up to now.
minutes minutes_in(const metrics_range& range, time_point now, int kept);

/// Counts a job that has ended with this change, in the minute of its end.
void count_end(const job_record& before, const job_record& after, minute_of_jobs& minute);

/// Of so many the waiting jobs are looked at.
inline constexpr int most_priorities = 1000;
/// How long a waiting job could have run: since it was added, was due or was tried. A stored time may make no sense.
milliseconds waited(const job_record& job, time_point now);

}  // namespace cofila::domain
