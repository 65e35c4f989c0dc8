#include "application/queue_core.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include "application/worker_core.hpp"
#include "domain/json_text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"

namespace cofila::detail {

queue_core::queue_core(std::shared_ptr<runtime> with, std::string named, queue_options chosen)
    : ports{std::move(with)},
      name{std::move(named)},
      options{std::move(chosen)},
      hub{std::make_shared<event_hub<queue_events>>(ports->executor, ports->log)}
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

std::shared_ptr<const job_options> queue_core::resolved(job_options given)
{
    if (!last_resolved_ || given != last_given_) {
        domain::check(given);
        last_resolved_ = std::make_shared<const job_options>(domain::resolve(given, options));
        last_given_ = std::move(given);
    }
    return last_resolved_;
}

job_snapshot queue_core::make_job(job_spec<std::string> spec)
{
    domain::check_name("name", spec.name);
    auto id = std::exchange(spec.options.id, {});
    if (id)
        domain::check_name("id", id->str());
    else
        id = ports->new_id();
    domain::check_json("data", spec.data, options.size_limit);
    return std::make_shared<const job_record>(domain::new_job(
        std::move(*id),
        std::move(spec.name),
        std::move(spec.data),
        resolved(std::move(spec.options)),
        ports->time->wall_now()
    ));
}

void queue_core::attach(worker_core& worker) { workers_.push_back(&worker); }

void queue_core::detach(worker_core& worker) { std::erase(workers_, &worker); }

bool queue_core::has_idle_worker() const
{
    return std::ranges::any_of(workers_, [](const worker_core* worker) { return worker->is_idle(); });
}

void queue_core::wake_workers()
{
    for (auto* worker : workers_)
        worker->wake();
}

void queue_core::note_due(time_point due)
{
    for (auto* worker : workers_)
        worker->note_due(due);
}

}  // namespace cofila::detail
