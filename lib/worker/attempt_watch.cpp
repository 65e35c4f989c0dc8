#include "worker/attempt_watch.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "async/wait_until.hpp"
#include "domain/attempt_watch.hpp"

namespace cofila {

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

attempt_watch::attempt_watch(std::shared_ptr<runtime> ports, milliseconds stuck_after, const slots& of, callbacks tell)
    : ports_{std::move(ports)},
      stuck_after_{stuck_after},
      slots_{of},
      tell_{std::move(tell)},
      look_{ports_->loop}
{}

/// It looks in time by itself, unless the time of this attempt is over before.
void attempt_watch::started(const attempt_ptr& attempt)
{
    const auto now = ports_->time->steady_now();
    attempt->started_at = now;
    const auto limit = attempt->job->options->timeout.value_or(domain::long_run);
    if (later(now, limit) < watched_until_)
        look_.set();
}

asio::awaitable<void> attempt_watch::run()
{
    for (;;) {
        const auto now = ports_->time->steady_now();
        auto next = domain::long_run;
        watched_until_ = steady_time::max();  // attempts that start during the look are looked at too
        const auto running = slots_.running();
        for (const auto& attempt : running)
            next = std::min(next, look_after(attempt, now));
        watched_until_ = later(now, next);
        co_await wait_until(look_, ports_->time, watched_until_);
    }
}

/// Returns after how long to look again.
milliseconds attempt_watch::look_after(const attempt_ptr& attempt, steady_time now)
{
    const auto look = domain::look_at(view_of(*attempt, now), stuck_after_);
    switch (look.what) {
    case domain::alarm::none:
        break;
    case domain::alarm::timed_out:
        tell_.timed_out(attempt);
        return stuck_after_;
    case domain::alarm::stuck:
        tell_.stuck(attempt, passed(attempt->asked_to_end_at, now));
        return domain::long_run;
    case domain::alarm::long_running:
        attempt->told_of = true;
        tell_.long_running(attempt, passed(attempt->started_at, now));
        return domain::long_run;
    }
    return look.next;
}

}  // namespace cofila
