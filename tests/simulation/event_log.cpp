#include "event_log.hpp"

#include <cofila/event_log.hpp>

#include <optional>
#include <utility>

#include "job_row.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace {

using what = logged_event::kind;

std::optional<what> event_of(const row_change& change)
{
    if (!change.before && !change.after)
        return {};
    if (!change.before)
        return what::added;
    if (!change.after)
        return what::removed;
    const auto& before = *change.before;
    const auto& after = *change.after;
    if (before.state != after.state || (after.state == job_state::delayed && before.run_at != after.run_at))
        return what::moved;
    return change.progressed ? std::optional{what::progress} : std::nullopt;
}

void drop_oldest(kept_events& log)
{
    while (!log.all.empty() && log.all.front().sequence <= log.last - log.most.value_or(0)) {
        log.all.pop_front();
        reach(probe::event_gave_way);
    }
}

}  // namespace

void note(event_logs& logs, const row_change& change)
{
    if (change.watched) {
        auto& log = logs[*change.watched];
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
    const auto was = change.before ? std::optional{static_cast<std::int64_t>(change.before->state)} : std::nullopt;
    log.all.push_back({
        .sequence = ++log.last,
        .kind = static_cast<std::int64_t>(*event),
        .job = row.id,
        .was = was,
        .state = static_cast<std::int64_t>(row.state),
    });
    drop_oldest(log);
}

}  // namespace cofila::sim
