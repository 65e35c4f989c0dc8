#include "store/watching.hpp"

#include <algorithm>

#include "domain/observation.hpp"

namespace cofila::store {

event_log_state event_log_of(tables& db, const std::string& queue, const std::string& cursor)
{
    const auto number = db.find_queue(queue);
    return number ? db.event_log(*number, cursor) : event_log_state{};
}

std::vector<logged_event> events_after(tables& db, const std::string& queue, std::uint64_t after, int limit)
{
    const auto number = db.find_queue(queue);
    return number ? db.events_after(*number, after, limit) : std::vector<logged_event>{};
}

void set_event_cursor(tables& db, const std::string& queue, const std::string& name, std::optional<std::uint64_t> place)
{
    db.set_event_cursor(db.find_or_make_queue(queue), name, place);
}

queue_metrics metrics(tables& db, const std::string& queue, time_point now, const metrics_range& range)
{
    queue_metrics out;
    const auto number = db.find_queue(queue);
    if (!number)
        return out;
    if (const auto kept = db.kept_minutes(*number)) {
        const auto wanted = domain::minutes_in(range, now, *kept);
        out.minutes = db.minutes(*number, wanted.begin, wanted.end);
    }
    for (const auto& job : db.ends_of_lines(*number, domain::most_priorities))
        out.latency = std::max(out.latency, domain::waited(job, now));
    return out;
}

}  // namespace cofila::store
