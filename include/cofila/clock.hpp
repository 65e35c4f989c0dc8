#pragma once
#include <cofila/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace cofila {

/// The port through which all time is read and awaited. Set `engine_options::clock` to a clock of your own to test an
/// application without waiting.
class clock {
public:
    virtual ~clock() = default;

    /// Returns the time of day, which other processes share. Thread-safe.
    virtual time_point wall_now() const = 0;
    /// Returns time that never jumps. Thread-safe.
    virtual steady_time steady_now() const = 0;
    /// Waits until `steady_now() >= until`. Cancellation: terminal, throws `operation_aborted`.
    virtual boost::asio::awaitable<void> sleep_until(steady_time until) = 0;
};

/// Returns a clock that shows the machine's time.
std::shared_ptr<clock> system_clock();

}  // namespace cofila
