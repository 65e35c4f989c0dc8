#pragma once
#include <cofila/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <optional>
#include <utility>

#include "node.hpp"

namespace cofila::sim {

/// What a call answered, or why not.
template <class T>
struct answer {
    std::optional<T> value{};
    boost::system::error_code failed{};

    bool is_aborted() const { return failed == boost::asio::error::operation_aborted; }
};

/// The caller goes on where it was, whatever executor the engine has.
template <class T>
boost::asio::awaitable<answer<T>> ask(std::shared_ptr<node> here, boost::asio::awaitable<T> call)
{
    answer<T> out;
    try {
        out.value = co_await std::move(call);
    } catch (const boost::system::system_error& e) {
        out.failed = e.code();
    }
    here->expect_on(co_await boost::asio::this_coro::executor, "a call came back");
    co_return out;
}

inline boost::asio::awaitable<answer<bool>> ask(std::shared_ptr<node> here, boost::asio::awaitable<void> call)
{
    const auto done = [](boost::asio::awaitable<void> what) -> boost::asio::awaitable<bool> {
        co_await std::move(what);
        co_return true;
    };
    return ask(std::move(here), done(std::move(call)));
}

}  // namespace cofila::sim
