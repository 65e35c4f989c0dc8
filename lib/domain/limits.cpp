#include "domain/limits.hpp"

#include <algorithm>
#include <tuple>
#include <variant>

#include "domain/overloaded.hpp"

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

void apply(queue_settings& settings, const queue_setting& setting)
{
    const overloaded set{
        [&](const global_concurrency& all) { settings.concurrency = all.jobs; },
        [&](const global_rate& all) { settings.rate = all.rate; },
        [&](const group_options& each) { settings.group = each; },
        [&](const event_log& log) { settings.keep_events = log.events; },
        [&](const metrics_log& log) { settings.keep_minutes = log.minutes; },
    };
    std::visit(set, setting);
}

bool counts(const claim_note& note, const rate_limit& rate, time_point now)
{
    return note.at > now - rate.duration && note.at < now + rate.duration;
}

std::optional<milliseconds> longest_window(const queue_settings& settings)
{
    const auto& queue = settings.rate;
    const auto& group = settings.group.rate;
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

const waiting_group* first_to_serve(std::span<const waiting_group> groups)
{
    const auto first = std::ranges::min_element(groups, comes_before);
    return first == groups.end() ? nullptr : &*first;
}

}  // namespace cofila::domain
