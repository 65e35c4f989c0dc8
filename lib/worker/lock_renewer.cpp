// Keeps the locks of a worker alive, or knows that they are lost. `renew` extends all of them in one operation when the
// earliest has only the buffer left; the time of a renewal counts from before the request, so a slow store can only
// make a lock look shorter. `fence` needs no store: by the steady clock it declares a lock lost when its last
// successful request is a lock's duration ago, so that a processor is asked to end before another worker may start the
// job, even if the store hangs. `look` reads cancellations between renewals when the store has changed, and pauses in
// proportion to what the look cost. Between request and answer attempts may end or be lost: each answer is applied only
// if the attempt is still held. Locks of attempts that have ended are renewed for ten durations more; if the store has
// not taken the outcome by then, the job is to run elsewhere. A renewal that fails is reported and repeated soon: what
// is left of the lock is the buffer, and the fence watches its end.
#include "worker/lock_renewer.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "async/wait_until.hpp"

namespace cofila {

namespace asio = boost::asio;

namespace {

std::vector<attempt_ptr> attempts_of(const held_attempts& held)
{
    std::vector<attempt_ptr> out;
    for (const auto& [key, attempt] : held)
        out.push_back(attempt);
    return out;
}

std::vector<steady_time> asked_times(const std::vector<attempt_ptr>& attempts)
{
    std::vector<steady_time> out;
    for (const auto& attempt : attempts)
        out.push_back(attempt->asked_at);
    return out;
}

}  // namespace

lock_renewer::lock_renewer(
    std::shared_ptr<runtime> ports, domain::lock_timing timing, const held_attempts& held, callbacks tell
)
    : ports_{std::move(ports)},
      timing_{timing},
      held_{held},
      tell_{std::move(tell)},
      renewals_{ports_->loop},
      fences_{ports_->loop},
      looks_{ports_->loop}
{}

std::vector<attempt_ptr> lock_renewer::to_renew() const
{
    auto out = attempts_of(held_);
    const auto now = ports_->time->steady_now();
    std::erase_if(out, [&](const attempt_ptr& attempt) { return !domain::may_renew(attempt->ended_at, now, timing_); });
    return out;
}

/// Whether it was neither settled nor lost meanwhile.
bool lock_renewer::holds(const attempt_ptr& attempt) const
{
    const auto still = held_.find(attempt->job->key);
    return still != held_.end() && still->second == attempt;
}

asio::awaitable<void> lock_renewer::renew()
{
    for (;;) {
        const auto at = domain::next_renewal(asked_times(to_renew()), timing_);
        nothing_to_renew_ = !at;
        if (!at)
            co_await renewals_.wait();
        else if (*at > ports_->time->steady_now())
            co_await ports_->time->sleep_until(*at);
        else
            co_await renew_all();
    }
}

asio::awaitable<void> lock_renewer::renew_all()
{
    const auto attempts = to_renew();
    const auto asked = ports_->time->steady_now();
    std::vector<lock_extension> locks;
    for (const auto& attempt : attempts)
        locks.push_back({.job = job_ref::of(*attempt->job), .duration = timing_.duration});
    std::vector<renewal> renewed;
    std::exception_ptr failed;
    try {
        renewed = co_await ports_->repository->extend_locks(ports_->time->wall_now(), std::move(locks));
    } catch (...) {
        failed = std::current_exception();
    }
    if (const auto state = co_await asio::this_coro::cancellation_state;
        state.cancelled() != asio::cancellation_type::none)
        co_return;
    if (failed) {
        tell_.failed(failed);
        // Repeated soon: what is left of the lock is the buffer, and the fence watches its end.
        co_await ports_->time->sleep_until(ports_->time->steady_now() + std::max(timing_.buffer / 10, milliseconds{1}));
        co_return;
    }
    for (std::size_t i = 0; i < attempts.size(); ++i) {
        const auto& attempt = attempts[i];
        if (!holds(attempt))
            continue;
        if (renewed[i].completed) {
            tell_.completed(attempt, std::move(renewed[i].completed));
            continue;
        }
        if (!renewed[i].held) {
            tell_.lost(attempt);
            continue;
        }
        attempt->asked_at = asked;
        if (renewed[i].cancelled)
            tell_.cancelled(attempt, std::move(*renewed[i].cancelled));
    }
}

asio::awaitable<void> lock_renewer::fence()
{
    for (;;) {
        nothing_to_fence_ = held_.empty();
        if (nothing_to_fence_) {
            co_await fences_.wait();
            continue;
        }
        const auto now = ports_->time->steady_now();
        for (const auto& attempt : attempts_of(held_))
            if (domain::must_be_lost(attempt->asked_at, now, timing_))
                tell_.lost(attempt);
        const auto left = asked_times(attempts_of(held_));
        if (!left.empty())
            co_await ports_->time->sleep_until(later(std::ranges::min(left), timing_.duration));
    }
}

asio::awaitable<void> lock_renewer::look()
{
    for (;;) {
        co_await looks_.wait();
        const auto begun = ports_->time->steady_now();
        if (!held_.empty())
            co_await look_at_all();
        const auto ended = ports_->time->steady_now();
        co_await ports_->time->sleep_until(ended + domain::pause_after_look(ended - begun));
    }
}

/// Whether a lock is still held is for the renewals to decide, which know what the store was told in between.
asio::awaitable<void> lock_renewer::look_at_all()
{
    const auto attempts = attempts_of(held_);
    std::vector<job_ref> locks;
    for (const auto& attempt : attempts)
        locks.push_back(job_ref::of(*attempt->job));
    std::vector<std::optional<std::string>> cancelled;
    std::exception_ptr failed;
    try {
        cancelled = co_await ports_->repository->cancellations(std::move(locks));
    } catch (...) {
        failed = std::current_exception();
    }
    if (const auto state = co_await asio::this_coro::cancellation_state;
        state.cancelled() != asio::cancellation_type::none)
        co_return;
    if (failed)
        co_return tell_.failed(failed);
    for (std::size_t i = 0; i < attempts.size(); ++i)
        if (cancelled[i] && holds(attempts[i]))
            tell_.cancelled(attempts[i], std::move(*cancelled[i]));
}

}  // namespace cofila
