#include "pace.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace cofila::sim {

namespace {

/// Times are of whole milliseconds, and come about by a difference of two of them.
constexpr milliseconds rounding{2};

}  // namespace

void pace::set(std::optional<rate_limit> limit)
{
    if (limit == limit_)
        return;
    limit_ = limit;
    for (auto& one : notes_)
        one.before_set = true;
    seen_.clear();
}

time_point pace::time_of(time_point now) const
{
    auto newest = now;
    for (const auto& one : notes_)
        if (one.at < now + limit_->duration)
            newest = std::max(newest, one.at);
    return newest;
}

bool pace::counts(const note& one, time_point at) const
{
    return one.at > at - limit_->duration && one.at < at + limit_->duration;
}

std::optional<int> pace::room(time_point now) const
{
    if (!limit_)
        return {};
    const auto at = time_of(now);
    const auto used = std::ranges::count_if(notes_, [&](const note& one) { return counts(one, at); });
    return std::max(0, limit_->max - static_cast<int>(used));
}

time_point pace::next_room(time_point now) const
{
    const auto at = time_of(now);
    auto first = at;
    for (const auto& one : notes_)
        if (counts(one, at))
            first = std::min(first, one.at);
    return first + limit_->duration;
}

bool pace::take(time_point now, std::optional<time_point> seen)
{
    if (!limit_)
        return true;
    const auto at = time_of(now);
    notes_.push_back({.at = at});
    std::erase_if(notes_, [&](const note& one) { return one.at <= at - limit_->duration; });
    const auto noted =
        std::ranges::count_if(notes_, [&](const note& one) { return !one.before_set && counts(one, at); });
    if (!seen)
        return std::cmp_less_equal(noted, limit_->max);
    // A process that waited for a busy file is ahead of the world by its wait. Where that is a window or more, the
    // store takes the next process, which comes from before, for one with a wrong clock, and its claims are allowed
    // anew.
    if (std::ranges::any_of(seen_, [&](time_point one) { return one >= *seen + limit_->duration; }))
        seen_.clear();
    // A later claim may be seen at an earlier time, but by less than a window: what goes here is not near it either.
    std::erase_if(seen_, [&](time_point one) { return one < *seen - 2 * limit_->duration; });
    const auto near = [&](time_point one) { return std::chrono::abs(one - *seen) < limit_->duration - rounding; };
    seen_.push_back(*seen);
    const auto together = std::ranges::count_if(seen_, near);
    return std::cmp_less_equal(std::max(noted, together), limit_->max);
}

}  // namespace cofila::sim
