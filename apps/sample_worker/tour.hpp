#pragma once
#include <boost/asio/awaitable.hpp>

#include <string>

namespace sample {

/// Shows for some seconds what the queue does, with a timeline, and checks that it does so. If `database` is empty, one
/// is made in a temporary folder, which is removed. Returns the exit code.
boost::asio::awaitable<int> tour(std::string database);

}  // namespace sample
