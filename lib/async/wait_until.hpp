#pragma once
#include <cofila/clock.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

#include "async/event.hpp"

namespace cofila {

/// Waits for the event, but no longer than `until`. Cancellation: terminal, with `operation_aborted`.
/// `wake` must outlive the wait.
boost::asio::awaitable<void> wait_until(event& wake, std::shared_ptr<clock> time, steady_time until);

}  // namespace cofila
