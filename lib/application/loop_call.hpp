#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace cofila {

/// Runs `work` on the engine's thread, wherever the caller runs, and comes back. It is not cancelled with the caller;
/// its `cofila::error` crosses the threads as a value.
boost::asio::awaitable<void> on_loop(boost::asio::any_io_executor loop, boost::asio::awaitable<void> work);

}  // namespace cofila
