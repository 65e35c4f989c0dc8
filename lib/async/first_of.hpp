#pragma once
#include <boost/asio/awaitable.hpp>

namespace cofila {

/// Runs both until one has ended, cancels the other and joins it. Returns true if `one` has completed (both may have).
/// Throws what ended the first, if that was an exception. Cancellation: terminal, of both.
boost::asio::awaitable<bool> first_of(boost::asio::awaitable<void> one, boost::asio::awaitable<void> other);

}  // namespace cofila
