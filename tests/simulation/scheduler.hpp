#pragma once
#include <boost/asio/execution_context.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "dice.hpp"

namespace cofila::sim {

using task = std::function<void()>;

/// What is ready to run on one thread of a simulated process. While it is held, as when the process is stopped or the
/// thread is busy, nothing of it runs.
class lane : public boost::asio::execution_context {
public:
    void push(task work) { ready_.push_back(std::move(work)); }
    std::size_t size() const noexcept { return ready_.size(); }
    std::size_t runnable() const noexcept { return holds_ == 0 ? ready_.size() : 0; }
    void run(std::size_t index);
    bool is_running() const noexcept { return running_; }

    bool is_held() const noexcept { return holds_ > 0; }
    void hold() noexcept { ++holds_; }
    void release() noexcept { --holds_; }

private:
    std::vector<task> ready_{};
    int holds_ = 0;
    bool running_ = false;
};

/// One thread that plays all threads of all processes: it runs a random one of what is ready, and lets time jump to the
/// next timer when nothing is, or for no reason now and then. The same seed gives the same run.
class scheduler {
public:
    using timer = std::pair<time, std::uint64_t>;  ///< Ordered by time, then by arrival.

    /// `in_turn`: each lane runs in order, as an io_context does. `lag`: how often of a thousand time goes on though
    /// something is ready.
    scheduler(dice& chance, bool in_turn, int lag) : chance_{chance}, in_turn_{in_turn}, lag_{lag} {}

    void add(lane& which) { lanes_.push_back(&which); }
    void remove(lane& which) { std::erase(lanes_, &which); }

    /// For the running task it includes what it has spent.
    time now() const noexcept { return now_ + spent_; }
    timer at(time when, task call);
    void cancel(const timer& which) { timers_.erase(which); }

    /// The running task takes so long: until then its thread does nothing else.
    void spend(time length) noexcept { spent_ += length; }
    /// The whole machine sleeps.
    void skip(time length) noexcept { now_ += length; }
    void hold(lane& which, time length);

    /// Runs one task, or lets time go on. False: nothing is left.
    bool step();
    /// Runs what is left of these lanes, and nothing else. False: it does not come to an end.
    bool drain(std::vector<lane*> which);

    std::uint64_t steps() const noexcept { return steps_; }
    /// Of all choices so far: two runs that have the same are the same.
    std::uint64_t trace() const noexcept { return trace_; }
    void note(std::uint64_t what) noexcept { trace_ = (trace_ ^ what) * 1099511628211U; }

private:
    bool run_one();
    void run(lane& where, std::size_t index);
    void let_time_pass();

    dice& chance_;
    const bool in_turn_;
    const int lag_;
    std::vector<lane*> lanes_{};
    std::map<timer, task> timers_{};
    std::uint64_t arrivals_ = 0;
    time now_{};
    time spent_{};
    std::uint64_t steps_ = 0;
    std::uint64_t trace_ = 14695981039346656037U;
};

}  // namespace cofila::sim
