#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>

namespace sample {

/// Some seconds that show what the queue does, with a timeline, and check that it does it. `database`: empty for one in
/// a temporary folder, which is removed. Returns the exit code.
boost::asio::awaitable<int> tour(std::string database);

}  // namespace sample
