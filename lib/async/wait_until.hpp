#pragma once
#include <cofila/clock.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

#include "async/event.hpp"

namespace cofila {

/// `from + wait`, or the end of time if that is beyond it: "as long as it takes" is a usual wait. A negative wait
/// counts as none.
steady_time later(steady_time from, milliseconds wait);

/// Waits for the event, but no longer than `until`; returns true if it was the event. Cancellation: terminal, with
/// `operation_aborted`. `wake` and `time` must outlive the wait.
boost::asio::awaitable<bool> wait_until(event& wake, const std::shared_ptr<clock>& time, steady_time until);

}  // namespace cofila
