#include "domain/attempt_watch.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

#include "async/wait_until.hpp"
#include "worker/worker_core.hpp"

namespace cofila::detail {

namespace asio = boost::asio;
namespace {

milliseconds passed(steady_time since, steady_time now) { return std::chrono::floor<milliseconds>(now - since); }

domain::watched_attempt view_of(const attempt_run& attempt, steady_time now)
{
    const bool asked = attempt.cancelled > cancel_reason::shutdown;
    return {
        .running = passed(attempt.started_at, now),
        .timeout = attempt.job->options->timeout,
        .asked_to_end = asked ? std::optional{passed(attempt.asked_to_end_at, now)} : std::nullopt,
        .told_of = attempt.told_of
    };
}

}  // namespace

/// Notes the start of an attempt. The watch looks in time by itself, unless the time of this attempt is over before.
void worker_core::watch(const attempt_ptr& started)
{
    const auto now = ports_->time->steady_now();
    started->started_at = now;
    const auto limit = started->job->options->timeout.value_or(domain::long_run);
    if (later(now, limit) < watched_until_)
        watch_.set();
}

asio::awaitable<void> worker_core::watch_attempts()
{
    for (;;) {
        const auto now = ports_->time->steady_now();
        auto next = domain::long_run;
        watched_until_ = steady_time::max();  // attempts that start during the look are looked at too
        const std::vector<attempt_ptr> running(running_.begin(), running_.end());
        for (const auto& attempt : running)
            next = std::min(next, look_after(attempt, now));
        watched_until_ = later(now, next);
        co_await wait_until(watch_, ports_->time, watched_until_);
    }
}

/// Returns after how long to look again.
milliseconds worker_core::look_after(const attempt_ptr& attempt, steady_time now)
{
    const auto look = domain::look_at(view_of(*attempt, now), options_.stuck_after);
    switch (look.what) {
    case domain::alarm::none:
        break;
    case domain::alarm::timed_out:
        attempt->cancel(cancel_reason::timed_out, now);
        return options_.stuck_after;
    case domain::alarm::stuck:
        give_up(attempt, now);
        return domain::long_run;
    case domain::alarm::long_running:
        attempt->told_of = true;
        hub->emit(
            &worker_events::long_running,
            long_running_event{.id = attempt->job->id, .running = passed(attempt->started_at, now)}
        );
        return domain::long_run;
    }
    return look.next;
}

/// The processor keeps what it touches, but gives up its slot and its job.
void worker_core::give_up(const attempt_ptr& attempt, steady_time now)
{
    running_.erase(attempt);
    attempt->abandoned = true;
    hub->emit(
        &worker_events::stuck, stuck_event{.id = attempt->job->id, .since_asked = passed(attempt->asked_to_end_at, now)}
    );
    settle_later(attempt, {});
    start_ready();
    progress_.set();
    wake_.set();
}

}  // namespace cofila::detail
