#include "event_log.hpp"

#include <optional>
#include <utility>

#include "job_row.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace {

using event_kind = logged_event::kind;

std::optional<event_kind> event_of(const row_change& change)
{
    if (!change.before && !change.after)
        return {};
    if (!change.before)
        return event_kind::added;
    if (!change.after)
        return event_kind::removed;
    const auto& before = *change.before;
    const auto& after = *change.after;
    if (before.state != after.state || (after.state == job_state::delayed && before.run_at != after.run_at))
        return event_kind::moved;
    return change.progressed ? std::optional{event_kind::progress} : std::nullopt;
}

void drop_oldest(kept_events& log)
{
    std::erase_if(log.all, [&](const auto& one) { return one.sequence <= log.last - log.most.value_or(0); });
}

}  // namespace

void record(event_logs& logs, const row_change& change)
{
    if (change.keeps_events) {
        auto& log = logs[*change.keeps_events];
        log.most = change.most_events;
        return drop_oldest(log);
    }
    const auto event = event_of(change);
    if (!event)
        return;
    const auto& row = change.after ? *change.after : *change.before;
    const auto known = logs.find(row.queue);
    if (known == logs.end() || !known->second.most)
        return;
    auto& log = known->second;
    log.all.push_back({
        .sequence = ++log.last,
        .what = *event,
        .job = row.id,
        .from = change.before ? std::optional{change.before->state} : std::nullopt,
        .state = row.state,
    });
    reach_if(std::cmp_greater(log.all.size(), *log.most), probe::event_gave_way);
    drop_oldest(log);
}

}  // namespace cofila::sim
