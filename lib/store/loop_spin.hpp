#pragma once
#include <cofila/clock.hpp>

#include <chrono>
#include <memory>

#include "async/event_loop.hpp"
#include "domain/adaptive_spin.hpp"

namespace cofila::store {

/// Keeps the loop awake for a moment while operations are under way: waking it from its sleep costs more than many an
/// operation. It is a handler that posts itself again, which keeps no other handler from running. Used on the loop.
class loop_spin : public std::enable_shared_from_this<loop_spin> {
public:
    loop_spin(loop_ptr loop, std::shared_ptr<clock> time, std::chrono::microseconds at_most)
        : loop_{std::move(loop)},
          time_{std::move(time)},
          at_most_{at_most}
    {}

    void submitted();
    /// Called instead for an operation that has been done already: its answer is the next thing that the loop does.
    void done_at_once() { ++under_way_; }
    void answered();
    /// Whether no operation is under way, or done and not yet answered.
    bool is_idle() const noexcept { return under_way_ == 0; }

private:
    void turn();

    const loop_ptr loop_;
    const std::shared_ptr<clock> time_;
    const std::chrono::microseconds at_most_;
    domain::adaptive_spin rule_{};
    steady_time until_{};
    int under_way_ = 0;
    bool turning_ = false;
};

}  // namespace cofila::store
