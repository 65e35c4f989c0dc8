#include <boost/asio/strand.hpp>

#include <algorithm>
#include <utility>

#include "application/worker_core.hpp"
#include "domain/transitions.hpp"

namespace cofila::detail {

namespace asio = boost::asio;
using domain::cancel_reason;
using signals = worker_events;

void worker_core::take(const job_snapshot& job, steady_time asked)
{
    auto attempt = std::make_shared<attempt_run>(job, asked);
    if (const auto before = held_.find(job->key); before != held_.end())
        lose(before->second);  // it was rescued and came back to us before a renewal could tell
    held_[job->key] = attempt;
    if (held_.size() == 1)
        renewer_.wake();
    ready_.push_back(std::move(attempt));
    if (!open())  // asked for before the close or the pause was
        release_ready();
}

void worker_core::start_ready()
{
    while (!ready_.empty() && static_cast<int>(running_.size()) < concurrency_) {
        const auto next = std::move(ready_.front());
        ready_.pop_front();
        start(next);
    }
}

/// What was claimed and not started goes back.
void worker_core::release_ready()
{
    for (const auto& attempt : std::exchange(ready_, {}))
        ended_.push_back({.attempt = attempt, .change = domain::after_release(*attempt->job)});
}

void worker_core::start(const attempt_ptr& attempt)
{
    const auto& job = *attempt->job;
    hub->emit(&signals::job_active, job_active_event{.id = job.id, .name = job.name, .attempt = job.attempts_made + 1});
    running_.insert(attempt);
    attempt->start(
        queue,
        processor_,
        options_.executor ? asio::any_io_executor{asio::make_strand(*options_.executor)} : ports_->executor,
        ports_->executor,
        [self = shared_from_this()](const attempt_ptr& which, domain::attempt_outcome outcome) {
            self->end(which, std::move(outcome));
        }
    );
}

void worker_core::end(const attempt_ptr& attempt, domain::attempt_outcome outcome)
{
    if (attempt->abandoned)
        return;
    running_.erase(attempt);
    auto change = domain::after_attempt(
        *attempt->job, std::move(outcome), attempt->cancelled, ports_->time->wall_now(), ports_->draw()
    );
    const bool settles = change.has_value();
    if (settles) {
        const bool given_back = change->attempts_made == attempt->job->attempts_made;
        if (closing_)
            (given_back ? report_.cancelled : report_.finished).push_back(attempt->job->id);
        ended_.push_back({.attempt = attempt, .change = std::move(*change)});
    }
    start_ready();
    if (closing_)
        progress_.set();
    // With nothing to settle the worker waits as before, but now perhaps for jobs: others should know.
    if (closing_ || !settles || plan().ask)
        wake_.set();
}

void worker_core::lose(attempt_ptr attempt)
{
    if (attempt->lost())
        return;
    if (const auto held = held_.find(attempt->job->key); held != held_.end() && held->second == attempt)
        held_.erase(held);
    std::erase(ready_, attempt);
    attempt->cancel(cancel_reason::lock_lost);
    hub->emit(&signals::lock_lost, lock_lost_event{.id = attempt->job->id});
    wake_.set();
}

}  // namespace cofila::detail
