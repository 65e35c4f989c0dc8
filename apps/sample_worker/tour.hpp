#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>

namespace sample {

/// Ten seconds that show what the queue does, with a timeline, and check that it does it. Returns the exit code.
boost::asio::awaitable<int> tour(std::string database);

}  // namespace sample
