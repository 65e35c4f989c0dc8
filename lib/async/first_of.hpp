#pragma once
#include <boost/asio/awaitable.hpp>

namespace cofila {

/// Runs both until one has ended, cancels the other and joins it. True: `one` has completed (perhaps both have).
/// Throws what ended the first, if it was an exception. Cancellation: terminal, of both.
boost::asio::awaitable<bool> first_of(boost::asio::awaitable<void> one, boost::asio::awaitable<void> other);

}  // namespace cofila
