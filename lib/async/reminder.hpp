#pragma once
#include <cofila/clock.hpp>

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <memory>

#include "async/event.hpp"

namespace cofila {

/// Sets an event at a time that moves. For a coroutine that waits for an event again and again instead of `wait_until`:
/// that breaks off a sleep each time, which is an exception; this does so only for an earlier time.
class reminder {
public:
    /// `rings` must outlive it.
    reminder(event& rings, std::shared_ptr<clock> time);

    /// Sets the event once at `when`, and no longer at the time given before. Throws what ended `run`.
    void set_for(steady_time when);

    /// Must be running for this to work. Cancellation: terminal, with `operation_aborted`.
    boost::asio::awaitable<void> run();

private:
    boost::asio::awaitable<void> ring_in_time();

    event& rings_;
    const std::shared_ptr<clock> time_;
    event earlier_;
    steady_time due_ = steady_time::max();
    steady_time asleep_until_ = steady_time::max();
    std::exception_ptr failed_{};
};

}  // namespace cofila
