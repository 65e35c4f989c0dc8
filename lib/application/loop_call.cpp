#include "application/loop_call.hpp"

#include <cofila/error.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <utility>

namespace cofila {

namespace asio = boost::asio;

namespace {

asio::awaitable<std::optional<error>> caught(asio::awaitable<void> work)
{
    try {
        co_await std::move(work);
    } catch (const error& e) {
        co_return e;
    }
    co_return std::nullopt;
}

}  // namespace

asio::awaitable<void> on_loop(asio::any_io_executor loop, asio::awaitable<void> work)
{
    const auto here = co_await asio::this_coro::executor;
    if (here == loop) {
        co_await std::move(work);
        co_return;
    }
    const auto failed = co_await asio::co_spawn(
        loop, caught(std::move(work)), asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable)
    );
    if (failed)
        throw error{*failed};
}

}  // namespace cofila
