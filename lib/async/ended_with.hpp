#pragma once
#include <cofila/error.hpp>

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <variant>

namespace cofila {

/// What ended a call, on its way to another thread; empty if it returned. Errors are copied: an exception object that
/// two threads release would be shared between them.
using ended_with = std::variant<std::monostate, error, boost::system::system_error, std::exception_ptr>;

boost::asio::awaitable<ended_with> caught(boost::asio::awaitable<void> work);
void rethrow(const ended_with& how);

}  // namespace cofila
