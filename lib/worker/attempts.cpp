// What a worker does with one claimed job, from the claim to the outcome that the store is to learn; `slots` keeps the
// books. `take` enters the job as held and ready, and `start_ready` starts what has a slot. `end` frees the slot, turns
// the outcome into a transition that waits for the next question of the fetch loop, and names the attempt that takes
// the slot. An attempt is held until the store has taken its outcome, so that its lock lasts as long. One whose lock
// was lost is not held any more, and its outcome is dropped, though its processor may still run in its slot. A job
// claimed and not started is released when the worker closes or is paused. What a processor throws has become a value
// before it arrives here, and a backoff strategy that throws is reported and replaced by the usual delay.
#include <algorithm>
#include <utility>
#include <vector>

#include "domain/backoff.hpp"
#include "domain/transitions.hpp"
#include "worker/worker_core.hpp"

namespace cofila::detail {

void worker_core::take(const job_snapshot& job, steady_time asked)
{
    if (const auto before = slots_.take(std::make_shared<attempt_run>(job, asked)))
        lose(before);  // it was rescued and came back to us before a renewal noticed
    if (slots_.held().size() == 1)
        ports_->worker_busy.set();
    renewer_.wake();
    if (!slots_.open())  // requested before the close or the pause
        release_ready();
}

void worker_core::take_offered(const std::vector<job_snapshot>* claimed, steady_time asked)
{
    slots_.answered(1);
    if (!claimed || claimed->empty())
        return wake();
    for (const auto& job : *claimed)
        take(job, asked);
    start_ready();
    if (!slots_.open())
        fetch_.look_again();  // to release it
}

/// Fills the free slots. Those that a processor gives back on the spot are filled by a handler of its own, so that
/// short jobs that are at hand do not keep the loop, and that many of them end before the store is asked again.
void worker_core::start_ready()
{
    if (std::exchange(starting_, true))
        return;
    for (auto left = slots_.startable(); left > 0; --left)
        if (const auto next = slots_.start_next()) {
            start(next);
            runners_.start(next, shared_from_this());
        }
    starting_ = false;
    if (slots_.startable() > 0)
        start_ready_soon();
}

void worker_core::start_ready_soon()
{
    ports_->loop->post([self = shared_from_this(), this] { start_ready(); });
}

/// Releases what was claimed and not started.
void worker_core::release_ready()
{
    for (const auto& attempt : slots_.take_ready())
        has_ended({.attempt = attempt, .change = domain::after_release(*attempt->job)});
}

void worker_core::has_ended(ended_attempt&& ended)
{
    ended.attempt->ended_at = ports_->time->steady_now();
    slots_.settle(std::move(ended));
}

/// Reports that it starts, and has it watched.
void worker_core::start(const attempt_ptr& attempt)
{
    const auto& job = *attempt->job;
    hub->emit(&worker_events::job_active, [&] {
        return job_active_event{.id = job.id, .name = job.name, .attempt = job.attempts_made + 1};
    });
    watch_.started(attempt);
}

/// Returns the attempt that takes its place; null if there is none, or `start_ready` looks after it.
attempt_ptr worker_core::end(const attempt_ptr& attempt, domain::attempt_outcome&& outcome)
{
    slots_.vacate(attempt);
    const bool settles = settle_later(attempt, std::move(outcome));
    const auto next = starting_ ? nullptr : slots_.start_next();
    if (next)
        start(next);
    if (slots_.closing())
        progress_.set();
    // With nothing to settle the worker waits as before, but now perhaps for jobs: the commit listener should know.
    if (slots_.closing() || !settles || fetch_.has_question())
        fetch_.look_again();
    return next;
}

/// The processor keeps what it touches, but gives up its slot and its job.
void worker_core::give_up(const attempt_ptr& attempt, milliseconds since_asked)
{
    slots_.vacate(attempt);
    attempt->abandoned = true;
    hub->emit(&worker_events::stuck, [&] { return stuck_event{.id = attempt->job->id, .since_asked = since_asked}; });
    settle_later(attempt, {});
    start_ready();
    progress_.set();
    fetch_.look_again();
}

/// Records the outcome of an attempt for the next question to the store. Returns false if it is no longer ours to
/// report.
bool worker_core::settle_later(const attempt_ptr& attempt, domain::attempt_outcome&& outcome)
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
         .list = !slots_.closing() ? nullptr
                 : released        ? asked
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
    const auto& running = slots_.running();
    if (const auto found = std::ranges::find_if(running, is_it); found != running.end()) {
        ask_to_end(*found, cancel_reason::cancelled, why);
        watch_.look_again();
        return true;
    }
    const auto& ready = slots_.ready();
    const auto found = std::ranges::find_if(ready, is_it);
    if (found == ready.end())
        return false;
    const auto attempt = *found;
    slots_.drop_ready(attempt);
    ask_to_end(attempt, cancel_reason::cancelled, why);
    settle_later(attempt, {});
    fetch_.look_again();
    return true;
}

std::size_t worker_core::cancel_all(const std::string& why)
{
    std::vector<job_id> jobs;
    for (const auto& attempt : slots_.running())
        if (!attempt->lost())
            jobs.push_back(attempt->job->id);
    for (const auto& attempt : slots_.ready())
        jobs.push_back(attempt->job->id);
    return static_cast<std::size_t>(std::ranges::count_if(jobs, [&](const job_id& one) { return cancel_job(one, why); })
    );
}

void worker_core::lose(const attempt_ptr& attempt)
{
    if (attempt->lost())
        return;
    slots_.let_go(attempt);
    slots_.drop_ready(attempt);
    ask_to_end(attempt, cancel_reason::lock_lost);
    watch_.look_again();
    hub->emit(&worker_events::lock_lost, [&] { return lock_lost_event{.id = attempt->job->id}; });
    fetch_.look_again();
}

void worker_core::ask_to_end(const attempt_ptr& attempt, cancel_reason reason, const std::string& why)
{
    if (attempt->ask_to_end(reason, ports_->time->steady_now(), why))
        runners_.interrupt(attempt);
}

}  // namespace cofila::detail
