#include "queue/queue_core.hpp"

#include <algorithm>
#include <utility>

#include "domain/validation.hpp"

namespace cofila::detail {

queue_core::queue_core(std::shared_ptr<runtime> with, std::string named)
    : ports{std::move(with)},
      name{std::move(named)},
      hub{std::make_shared<event_hub<queue_events>>(ports->loop, ports->reports)}
{
    domain::check_name("queue", name);
}

void queue_core::choose(queue_options options)
{
    domain::check(options);
    terms_.store(&chosen_.emplace(name, std::move(options)));
}

void queue_core::check_open() const
{
    if (closed_)
        throw error{errc::closed, "queue '" + name + "' has been closed"};
}

void queue_core::mark_closed()
{
    closed_ = true;
    look_again();
}

void queue_core::attach(finish_watch& watch)
{
    watches_.emplace(watch.id, &watch);
    note_attendance();
}

void queue_core::detach(finish_watch& watch)
{
    const auto [first, last] = watches_.equal_range(watch.id);
    watches_.erase(std::find_if(first, last, [&](const auto& entry) { return entry.second == &watch; }));
    note_attendance();
}

void queue_core::tell_finished(
    const job_id& id, job_state state, const std::string& result, const std::string& failed_reason
)
{
    const auto [first, last] = watches_.equal_range(id);
    for (auto at = first; at != last; ++at) {
        at->second->told = {.state = state, .result = result, .failed_reason = failed_reason};
        at->second->wake.set();
    }
}

void queue_core::look_again()
{
    wake_workers();
    call_next(waiting_.size());
    wake_watchers();
}

void queue_core::wake_watchers()
{
    hub->wake_watchers();
    for (const auto& [id, watch] : watches_)
        watch->wake.set();
}

job_draft queue_core::make_job(job_spec<std::string>&& spec)
{
    return terms_.load()->jobs.make(std::move(spec), [this] { return ports->new_id_part(); }, ports->time->wall_now());
}

std::vector<job_draft> queue_core::make_jobs(std::vector<job_spec<std::string>> specs)
{
    return terms_.load()->jobs.make_all(
        std::move(specs), [this] { return ports->new_id_part(); }, ports->time->wall_now()
    );
}

void queue_core::attach(consumer& worker)
{
    workers_.push_back(&worker);
    note_attendance();
}

void queue_core::detach(consumer& worker)
{
    std::erase(workers_, &worker);
    note_attendance();
}

void queue_core::attach(claim_watch& waiting)
{
    waiting_.push_back(&waiting);
    note_attendance();
}

void queue_core::detach(claim_watch& waiting)
{
    std::erase(waiting_, &waiting);
    call_next(1);
    note_attendance();
}

void queue_core::attach(event_watch& waiting)
{
    hub->attach(waiting);
    note_attendance();
}

void queue_core::detach(event_watch& waiting)
{
    hub->detach(waiting);
    note_attendance();
}

void queue_core::note_attendance()
{
    const bool attended = !workers_.empty() || !waiting_.empty() || is_watched();
    if (std::exchange(attended_, attended) == attended)
        return;
    if (attended)
        ports->attended.push_back(this);
    else
        std::erase(ports->attended, this);
}

bool queue_core::anyone_idle() const
{
    return !waiting_.empty() || std::ranges::any_of(workers_, [](const consumer* worker) { return worker->is_idle(); });
}

bool queue_core::anyone_busy() const
{
    return std::ranges::any_of(workers_, [](const consumer* worker) { return worker->is_busy(); });
}

void queue_core::look_for_cancellations()
{
    for (auto* worker : workers_)
        worker->look_for_cancellations();
}

void queue_core::ask_to_end(const job_id& id, const std::string& why)
{
    for (auto* worker : workers_)
        worker->cancel_job(id, why);
}

void queue_core::wake_workers()
{
    for (auto* worker : workers_)
        worker->wake();
    call_next(1);
}

void queue_core::wake_for(std::size_t jobs)
{
    for (auto* worker : workers_)
        jobs -= worker->wake_for(jobs);
    call_next(jobs);
}

/// Wakes waiting calls in the order of their arrival.
void queue_core::call_next(std::size_t jobs)
{
    for (auto next = waiting_.begin(); next != waiting_.end() && jobs > 0; ++next)
        if (!std::exchange((*next)->called, true)) {
            (*next)->set();
            --jobs;
        }
}

void queue_core::pass_on_date()
{
    if (std::ranges::none_of(workers_, [](consumer* worker) { return worker->wake_for_date(); }))
        call_next(1);
}

void queue_core::note_due(time_point due)
{
    share_due(due);
    call_next(1);  // which asks the store
}

void queue_core::share_due(time_point due)
{
    if (due <= looked_at_)  // it was not known to the last look
        looked_at_ = due - milliseconds{1};
    for (auto* worker : workers_)
        worker->note_due(due);
}

}  // namespace cofila::detail
