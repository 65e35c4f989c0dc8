#pragma once
#include <cofila/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace cofila {

/// The port through which all time is read and waited for. Give `engine_options::clock` one of your own to test
/// an application without waiting.
class clock {
public:
    virtual ~clock() = default;

    /// The time of day, as other processes see it too. Thread-safe.
    virtual time_point wall_now() const = 0;
    /// Time that never jumps. Thread-safe.
    virtual steady_time steady_now() const = 0;
    /// Completes once `steady_now() >= until`. Cancellation (terminal) ends it with `operation_aborted`.
    virtual boost::asio::awaitable<void> sleep_until(steady_time until) = 0;
};

/// The machine's clocks.
std::shared_ptr<clock> system_clock();

}  // namespace cofila
