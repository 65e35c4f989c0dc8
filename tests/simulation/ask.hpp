#pragma once
#include <cofila/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>

#include <optional>
#include <utility>

namespace cofila::sim {

/// What a call answered, or why not.
template <class T>
struct answer {
    std::optional<T> value{};
    boost::system::error_code failed{};

    bool is_aborted() const { return failed == boost::asio::error::operation_aborted; }
};

template <class T>
boost::asio::awaitable<answer<T>> ask(boost::asio::awaitable<T> call)
{
    answer<T> out;
    try {
        out.value = co_await std::move(call);
    } catch (const boost::system::system_error& e) {
        out.failed = e.code();
    }
    co_return out;
}

inline boost::asio::awaitable<answer<bool>> ask(boost::asio::awaitable<void> call)
{
    answer<bool> out;
    try {
        co_await std::move(call);
        out.value = true;
    } catch (const boost::system::system_error& e) {
        out.failed = e.code();
    }
    co_return out;
}

}  // namespace cofila::sim
