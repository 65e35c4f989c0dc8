#include "domain/limits.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace cofila::domain {

namespace {

claim_room room_in(const rate_limit& rate, std::span<const claim_note> past, time_point now)
{
    std::int64_t used = 0;
    for (const auto& note : past)
        used += counts(note, rate, now) ? note.jobs : 0;
    const auto left = std::max<std::int64_t>(0, rate.max - used);
    const auto first = std::ranges::find_if(past, [&](const claim_note& note) { return counts(note, rate, now); });
    // If nothing counts yet, the claims made now are the first to expire.
    return {.jobs = static_cast<int>(left), .again = (first == past.end() ? now : first->at) + rate.duration};
}

bool comes_before(const waiting_group& a, const waiting_group& b)
{
    return std::tuple{a.next.first, a.served, a.next.second} < std::tuple{b.next.first, b.served, b.next.second};
}

}  // namespace

bool counts(const claim_note& note, const rate_limit& rate, time_point now)
{
    return note.at > now - rate.duration && note.at < now + rate.duration;
}

std::optional<milliseconds> longest_window(const queue_limits& limits)
{
    const auto& queue = limits.rate;
    const auto& group = limits.group.rate;
    if (!queue && !group)
        return {};
    return std::max(queue ? queue->duration : milliseconds{}, group ? group->duration : milliseconds{});
}

time_point time_of_claim(std::span<const claim_note> past, milliseconds window, time_point now)
{
    auto newest = now;
    for (const auto& note : past)
        if (note.at < now + window)
            newest = std::max(newest, note.at);
    return newest;
}

claim_room room_for(
    int wanted,
    std::optional<int> concurrency,
    int active,
    const std::optional<rate_limit>& rate,
    std::span<const claim_note> past,
    time_point now
)
{
    claim_room room{.jobs = wanted};
    if (concurrency)
        room.jobs = std::min(room.jobs, std::max(0, *concurrency - active));
    if (!rate)
        return room;
    const auto in_time = room_in(*rate, past, now);
    if (in_time.jobs < room.jobs)
        room = in_time;
    return room;
}

void serve(
    std::vector<waiting_group> groups, int jobs, const std::function<std::optional<turn>(const waiting_group&)>& take
)
{
    const auto last_served = [](std::int64_t last, const waiting_group& group) { return std::max(last, group.served); };
    auto turns = std::accumulate(groups.begin(), groups.end(), std::int64_t{0}, last_served);
    std::erase_if(groups, [](const waiting_group& group) { return group.room <= 0; });
    for (; jobs > 0 && !groups.empty(); --jobs) {
        const auto group = std::ranges::min_element(groups, comes_before);
        const auto next = take(*group);
        group->served = ++turns;
        group->room -= 1;
        if (next && group->room > 0)
            group->next = *next;
        else
            groups.erase(group);
    }
}

}  // namespace cofila::domain
