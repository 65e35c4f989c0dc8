#include "scheduler.hpp"

#include <algorithm>
#include <chrono>

namespace cofila::sim {

namespace {

/// No machine is too busy for longer; a timer that is further away is not waited for while something is ready.
constexpr time longest_lag = std::chrono::minutes{1};

}  // namespace

void lane::run(std::size_t index)
{
    const auto next = std::move(ready_[index]);
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(index));
    running_ = true;
    next();
    running_ = false;
}

scheduler::timer scheduler::at(time when, task call)
{
    const timer out{std::max(when, now()), arrivals_++};
    timers_.emplace(out, std::move(call));
    return out;
}

void scheduler::hold(lane& which, time length)
{
    which.hold();
    at(now() + length, [&which] { which.release(); });
}

bool scheduler::step()
{
    const bool ready = std::ranges::any_of(lanes_, [](const lane* one) { return one->runnable() > 0; });
    if (!ready && timers_.empty())
        return false;
    const bool lags = ready && !timers_.empty() && chance_.chance(lag_);
    if (ready && !(lags && timers_.begin()->first.first - now_ <= longest_lag))
        run_one();
    else
        let_time_pass();
    return true;
}

bool scheduler::run_one()
{
    std::size_t ready = 0;
    for (const auto* one : lanes_)
        ready += one->runnable();
    if (ready == 0)
        return false;
    auto index = chance_.below(ready);
    for (auto* one : lanes_) {
        if (index < one->runnable()) {
            ++steps_;
            note(index);
            run(*one, in_turn_ ? 0 : index);
            return true;
        }
        index -= one->runnable();
    }
    return false;
}

void scheduler::run(lane& where, std::size_t index)
{
    spent_ = {};
    where.run(index);
    const auto busy = std::exchange(spent_, {});
    if (busy > time{})
        hold(where, busy);
}

void scheduler::let_time_pass()
{
    now_ = std::max(now_, timers_.begin()->first.first);
    note(static_cast<std::uint64_t>(now_.count()));
    while (!timers_.empty() && timers_.begin()->first.first <= now_)
        timers_.extract(timers_.begin()).mapped()();
    spent_ = {};  // what was called by a timer is no thread's
}

bool scheduler::drain(std::vector<lane*> which)
{
    constexpr int most = 100'000;
    for (int i = 0; i < most; ++i) {
        const auto next = std::ranges::find_if(which, [](const lane* one) { return one->size() > 0; });
        if (next == which.end())
            return true;
        spent_ = {};
        (*next)->run(0);
        spent_ = {};
    }
    return false;
}

}  // namespace cofila::sim
