// What a worker does with one claimed job, from the claim to the outcome that the store is to learn. `take` enters it
// into `held_`, whose locks are renewed, and into `ready_`; `start_ready` moves jobs to `running_` while there are
// slots. `end` frees the slot first, then turns the outcome into a transition that joins `ended_`, and the fetch loop
// brings it to the store with its next question. An attempt stays in `held_` until the store has taken its outcome, so
// that its lock lasts as long. One whose lock was lost leaves `held_` at once, and its outcome is dropped, though its
// processor may still run in its slot. A job claimed and not started is released when the worker closes or is paused.
// All of this is on the loop; the mutex is for other threads that ask what is held. What a processor throws has become
// a value before it arrives here, and a backoff strategy that throws is reported and replaced by the usual delay.
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "domain/backoff.hpp"
#include "domain/transitions.hpp"
#include "worker/worker_core.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

void worker_core::take(const job_snapshot& job, steady_time asked)
{
    auto attempt = std::make_shared<attempt_run>(job, asked);
    if (const auto before = held_.find(job->key); before != held_.end())
        lose(before->second);  // it was rescued and came back to us before a renewal noticed
    {
        const std::lock_guard lock{holding_};
        held_[job->key] = attempt;
    }
    if (held_.size() == 1)
        ports_->worker_busy.set();
    renewer_.wake();
    ready_.push_back(std::move(attempt));
    if (!open())  // requested before the close or the pause
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

/// Releases what was claimed and not started.
void worker_core::release_ready()
{
    for (const auto& attempt : std::exchange(ready_, {}))
        has_ended({.attempt = attempt, .change = domain::after_release(*attempt->job)});
}

void worker_core::has_ended(ended_attempt what)
{
    what.attempt->ended_at = ports_->time->steady_now();
    ended_.push_back(std::move(what));
}

void worker_core::start(const attempt_ptr& attempt)
{
    const auto& job = *attempt->job;
    hub->emit(
        &worker_events::job_active, job_active_event{.id = job.id, .name = job.name, .attempt = job.attempts_made + 1}
    );
    running_.insert(attempt);
    watch(attempt);
    attempt->start(
        queue,
        processor_,
        options_.executor ? asio::any_io_executor{asio::make_strand(*options_.executor)} : asio::any_io_executor{},
        [self = shared()](const attempt_ptr& which, domain::attempt_outcome outcome) {
            self->end(which, std::move(outcome));
        }
    );
}

void worker_core::end(const attempt_ptr& attempt, domain::attempt_outcome outcome)
{
    if (attempt->abandoned)
        return;
    running_.erase(attempt);
    const bool settles = settle_later(attempt, std::move(outcome));
    start_ready();
    if (closing_)
        progress_.set();
    // With nothing to settle the worker waits as before, but now perhaps for jobs: the commit listener should know.
    if (closing_ || !settles || plan().ask)
        wake_.set();
}

/// Records the outcome of an attempt for the next question to the store. Returns false if it is no longer ours to
/// report.
bool worker_core::settle_later(const attempt_ptr& attempt, domain::attempt_outcome outcome)
{
    const auto& job = *attempt->job;
    const auto reason = attempt->cancelled;
    auto ended = domain::counted(std::move(outcome), reason, *job.options);
    const bool again = domain::is_failure(ended, reason) && domain::may_try_again(job, ended.error);
    const auto wait = again ? next_wait(job, ended.error) : milliseconds{};
    const bool released = domain::is_release(ended, reason);
    auto change =
        domain::after_attempt(job, std::move(ended), reason, attempt->cancelled_why, ports_->time->wall_now(), wait);
    if (!change)
        return false;
    const auto asked = attempt->abandoned ? &close_report::released : &close_report::cancelled;
    has_ended(
        {.attempt = attempt,
         .change = std::move(*change),
         .list = !closing_  ? nullptr
                 : released ? asked
                            : &close_report::finished}
    );
    return true;
}

/// A strategy may give up; then `why` becomes a failure for good.
milliseconds worker_core::next_wait(const job_record& job, failure& why)
{
    const auto& policy = *job.options->backoff;
    const auto usual = [&] { return domain::next_delay(policy, job.attempts_made + 1, ports_->draw()); };
    if (policy.type != backoff::kind::custom)
        return usual();
    try {
        const auto strategy = options_.backoff_strategies.find(policy.name);
        if (strategy == options_.backoff_strategies.end())
            throw error{errc::invalid_argument, "backoff_strategies", "has none with the name '" + policy.name + "'"};
        const auto wait = strategy->second(job.attempts_made + 1, why, job);
        if (wait && *wait < milliseconds{})
            throw error{errc::invalid_argument, "backoff_strategies['" + policy.name + "']", "returned less than 0"};
        why.unrecoverable = why.unrecoverable || !wait;
        return wait.value_or(milliseconds{});
    } catch (...) {
        hub->report(std::current_exception());
    }
    return usual();
}

bool worker_core::cancel_job(const job_id& which, const std::string& why)
{
    // A lost attempt may still run beside a new one of the same job.
    const auto is_it = [&](const attempt_ptr& attempt) { return attempt->job->id == which && !attempt->lost(); };
    if (const auto running = std::ranges::find_if(running_, is_it); running != running_.end()) {
        (*running)->cancel(cancel_reason::cancelled, ports_->time->steady_now(), why);
        watch_.set();
        return true;
    }
    const auto ready = std::ranges::find_if(ready_, is_it);
    if (ready == ready_.end())
        return false;
    auto attempt = std::move(*ready);
    ready_.erase(ready);
    attempt->cancel(cancel_reason::cancelled, ports_->time->steady_now(), why);
    settle_later(attempt, {});
    wake_.set();
    return true;
}

std::size_t worker_core::cancel_all(const std::string& why)
{
    std::vector<job_id> jobs;
    for (const auto& attempt : running_)
        if (!attempt->lost())
            jobs.push_back(attempt->job->id);
    for (const auto& attempt : ready_)
        jobs.push_back(attempt->job->id);
    return static_cast<std::size_t>(std::ranges::count_if(jobs, [&](const job_id& one) { return cancel_job(one, why); })
    );
}

/// Stops renewing its lock.
void worker_core::let_go(const attempt_ptr& attempt)
{
    const std::lock_guard lock{holding_};
    if (const auto held = held_.find(attempt->job->key); held != held_.end() && held->second == attempt)
        held_.erase(held);
}

std::size_t worker_core::count_held() const
{
    const std::lock_guard lock{holding_};
    return held_.size();
}

bool worker_core::holds(const job_id& which) const
{
    const std::lock_guard lock{holding_};
    return std::ranges::any_of(held_, [&](const auto& entry) { return entry.second->job->id == which; });
}

void worker_core::lose(attempt_ptr attempt)
{
    if (attempt->lost())
        return;
    let_go(attempt);
    std::erase(ready_, attempt);
    attempt->cancel(cancel_reason::lock_lost, ports_->time->steady_now());
    watch_.set();
    hub->emit(&worker_events::lock_lost, lock_lost_event{.id = attempt->job->id});
    wake_.set();
}

}  // namespace cofila::detail
