#include "memory/observed.hpp"

#include <chrono>

#include "domain/observation.hpp"

namespace cofila::memory {

void observed::number_log(std::uint64_t& logs)
{
    if (log_number_ == 0)
        log_number_ = ++logs;
}

void observed::keep_events(std::optional<int> most)
{
    events_ = most;
    while (log_.size() > static_cast<std::size_t>(most.value_or(0)))
        log_.pop_front();
    if (!most)
        cursors_.clear();
}

void observed::keep_minutes(std::optional<int> most)
{
    minutes_ = most;
    if (!most)
        counts_.clear();
}

void observed::note(const job_record* before, const job_record* after)
{
    if (events_)
        if (auto what = domain::event_of(before, after)) {
            what->sequence = ++last_;
            log_.push_back(*what);
            if (log_.size() > static_cast<std::size_t>(*events_))
                log_.pop_front();
        }
    if (minutes_ && before && after && before->state != after->state && is_finished(after->state)) {
        const auto number = domain::minute_of(*after->finished_at);
        auto& minute = counts_[number];
        minute.start = time_point{std::chrono::minutes{number}};
        domain::count_end(*before, *after, minute);
        std::erase_if(counts_, [&](const auto& entry) { return entry.first <= number - *minutes_; });
    }
}

event_log_state observed::state(const std::string& cursor) const
{
    event_log_state out{.events = events_, .last = last_, .log = log_number_};
    if (const auto found = cursors_.find(cursor); found != cursors_.end())
        out.cursor = found->second;
    return out;
}

std::vector<logged_event> observed::after(std::uint64_t sequence, int limit) const
{
    std::vector<logged_event> out;
    for (const auto& what : log_)
        if (what.sequence > sequence && static_cast<int>(out.size()) < limit)
            out.push_back(what);
    return out;
}

void observed::set_cursor(const std::string& name, std::optional<std::uint64_t> after)
{
    if (after)
        cursors_[name] = *after;
    else
        cursors_.erase(name);
}

std::vector<minute_of_jobs> observed::minutes(time_point now, const metrics_range& range) const
{
    const auto wanted = domain::minutes_in(range, now, minutes_.value_or(0));
    std::vector<minute_of_jobs> out;
    for (const auto& [number, minute] : counts_)
        if (wanted.contain(number))
            out.push_back(minute);
    return out;
}

}  // namespace cofila::memory
