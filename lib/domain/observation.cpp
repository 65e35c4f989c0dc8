#include "domain/observation.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace cofila::domain {

namespace {

using kind = logged_event::kind;

logged_event about(kind what, const job_record& job)
{
    logged_event out;
    out.what = what;
    out.id = job.id;
    out.state = job.state;
    return out;
}

bool has_moved(const job_record& before, const job_record& after)
{
    return before.state != after.state || (after.state == job_state::delayed && before.run_at != after.run_at);
}

logged_event move_of(const job_record& before, const job_record& after)
{
    auto out = about(kind::moved, after);
    out.from = before.state;
    if (after.state == job_state::active)
        out.at = after.processed_at;
    if (is_finished(after.state))
        out.at = after.finished_at;
    if (after.state == job_state::failed)
        out.text = after.failed_reason;
    return out;
}

/// The first minute that begins at `at` or later.
std::int64_t first_minute(time_point at)
{
    return std::chrono::ceil<std::chrono::minutes>(at.time_since_epoch()).count();
}

}  // namespace

std::optional<logged_event> event_of(const job_record* before, const job_record* after)
{
    if (!before) {
        auto out = about(kind::added, *after);
        out.at = after->timestamp;
        out.text = after->name;
        return out;
    }
    if (!after) {
        auto out = about(kind::removed, *before);
        out.from = before->state;
        return out;
    }
    if (has_moved(*before, *after))
        return move_of(*before, *after);
    if (before->progress == after->progress)
        return {};
    auto out = about(kind::progress, *after);
    out.from = before->state;
    out.text = after->progress;
    return out;
}

std::int64_t minute_of(time_point at)
{
    return std::chrono::duration_cast<std::chrono::minutes>(at.time_since_epoch()).count();
}

minutes minutes_in(const metrics_range& range, time_point now, int kept)
{
    // A minute after now may be counted too, where the clock was set back.
    minutes out{.begin = minute_of(now) - kept + 1, .end = std::numeric_limits<std::int64_t>::max()};
    if (range.since)
        out.begin = std::max(out.begin, first_minute(*range.since));
    if (range.before)
        out.end = first_minute(*range.before);
    return out;
}

void count_end(const job_record& before, const job_record& after, minute_of_jobs& minute)
{
    auto& jobs = after.state == job_state::completed ? minute.completed : minute.failed;
    milliseconds took{};
    if (before.state == job_state::active && after.processed_at)
        took = std::max(took, *after.finished_at - *after.processed_at);
    ++jobs.count;
    jobs.total += took;
    jobs.longest = std::max(jobs.longest, took);
}

milliseconds waited(const job_record& job, time_point now)
{
    const auto since =
        std::max({job.timestamp, job.due_at.value_or(job.timestamp), job.processed_at.value_or(job.timestamp)});
    return std::max(milliseconds{}, now - std::clamp(since, time_point{}, std::max(now, time_point{})));
}

}  // namespace cofila::domain
