#pragma once
#include <boost/asio/awaitable.hpp>

namespace cofila {

/// Runs a program's main coroutine on an `io_context` of one thread until no work is left. Returns the exit code of the
/// process: what the coroutine returned, or 0; 1 after an exception, which is reported on standard error.
int run_main(boost::asio::awaitable<void> app);
int run_main(boost::asio::awaitable<int> app);

}  // namespace cofila
