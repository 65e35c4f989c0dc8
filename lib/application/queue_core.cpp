#include "application/queue_core.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "application/worker_core.hpp"
#include "domain/validation.hpp"

namespace cofila::detail {

queue_core::queue_core(std::shared_ptr<runtime> with, std::string named, queue_options chosen)
    : ports{std::move(with)},
      name{std::move(named)},
      options{std::move(chosen)},
      hub{std::make_shared<event_hub<queue_events>>(ports->executor, ports->log)},
      jobs_{options}
{
    domain::check_name("queue", name);
    domain::check(options);
}

void queue_core::check_open() const
{
    assert(ports->on_own_thread() && "use an engine on the thread that runs its io_context only");
    if (closed_)
        throw error{errc::closed, "queue '" + name + "' has been closed"};
}

void queue_core::mark_closed()
{
    closed_ = true;
    look_again();
}

void queue_core::detach(finish_watch& watch)
{
    const auto [first, last] = watches_.equal_range(watch.id);
    watches_.erase(std::find_if(first, last, [&](const auto& entry) { return entry.second == &watch; }));
}

void queue_core::tell_finished(const job_id& id, const transition& how)
{
    const auto [first, last] = watches_.equal_range(id);
    for (auto at = first; at != last; ++at) {
        at->second->told = how;
        at->second->wake.set();
    }
}

void queue_core::look_again()
{
    wake_workers();
    hub->wake_watchers();
    for (const auto& [id, watch] : watches_)
        watch->wake.set();
}

job_snapshot queue_core::make_job(job_spec<std::string> spec)
{
    return jobs_.make(std::move(spec), [this] { return ports->new_id(); }, ports->time->wall_now());
}

std::vector<job_snapshot> queue_core::make_jobs(std::vector<job_spec<std::string>> specs)
{
    return jobs_.make_all(std::move(specs), [this] { return ports->new_id(); }, ports->time->wall_now());
}

void queue_core::attach(worker_core& worker) { workers_.push_back(&worker); }

void queue_core::detach(worker_core& worker) { std::erase(workers_, &worker); }

bool queue_core::anyone_idle() const
{
    return !waiting_.empty() || !watches_.empty() || hub->is_watched() ||
           std::ranges::any_of(workers_, [](const worker_core* worker) { return worker->is_idle(); });
}

bool queue_core::anyone_busy() const
{
    return std::ranges::any_of(workers_, [](const worker_core* worker) { return worker->is_busy(); });
}

void queue_core::changed_elsewhere()
{
    look_again();
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
    for (auto* waiting : waiting_)
        waiting->set();
}

void queue_core::note_due(time_point due)
{
    for (auto* worker : workers_)
        worker->note_due(due);
    for (auto* waiting : waiting_)
        waiting->set();  // it asks the store, which knows
}

}  // namespace cofila::detail
