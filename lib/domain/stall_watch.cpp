#include "domain/stall_watch.hpp"

#include <algorithm>
#include <utility>

namespace cofila::domain {

namespace {

/// A lock that seems to end later is looked at earlier than necessary; the stored end may be any number.
constexpr milliseconds farthest = std::chrono::hours{24};

milliseconds time_left(const lock_row& lock, time_point wall)
{
    if (lock.locked_until <= wall)
        return {};
    return lock.locked_until < wall + farthest ? lock.locked_until - wall : farthest;
}

}  // namespace

std::vector<lock_row> stall_watch::stalled(const std::vector<view>& locks, time_point wall, steady_time steady)
{
    std::vector<lock_row> out;
    std::map<std::int64_t, sighting> seen;
    next_.reset();
    for (const auto& [lock, owner_dead] : locks) {
        sighting now{.token = lock.token, .locked_until = lock.locked_until, .since = steady};
        if (const auto before = seen_.find(lock.key); before != seen_.end() && before->second.token == lock.token &&
                                                      before->second.locked_until == lock.locked_until)
            now.since = before->second.since;
        const bool expired = lock.locked_until <= wall && steady - now.since >= lock.lock_duration;
        if (expired || owner_dead) {
            out.push_back(lock);
        } else {
            const auto by_steady = now.since + lock.lock_duration;
            const auto by_wall = steady + time_left(lock, wall);
            const auto earliest = std::max<steady_time>(by_steady, by_wall);
            next_ = next_ ? std::min(*next_, earliest) : earliest;
        }
        // A stalled one too: the rescue may fail, and what was seen of the lock counts for the next try.
        seen.emplace(lock.key, std::move(now));
    }
    seen_ = std::move(seen);
    return out;
}

}  // namespace cofila::domain
