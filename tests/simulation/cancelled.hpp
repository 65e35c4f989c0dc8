#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>
#include <utility>

#include "node.hpp"

namespace cofila::sim {

/// The call, cancelled at some moment within `at_most`: before it has begun, at any of its awaits, or after its end.
template <class T>
boost::asio::awaitable<T> cancelled_at_some_moment(
    std::shared_ptr<node> here, time at_most, boost::asio::awaitable<T> call
)
{
    namespace asio = boost::asio;
    const auto mine = co_await asio::this_coro::executor;
    const auto signal = std::make_shared<asio::cancellation_signal>();
    auto& world = here->around.time_line;
    world.at(world.now() + here->chance().between(time{}, at_most), [here, mine, signal] {
        if (!here->is_dead())
            asio::post(mine, [signal] { signal->emit(asio::cancellation_type::terminal); });
    });
    auto spawned =
        asio::co_spawn(mine, std::move(call), asio::bind_cancellation_slot(signal->slot(), asio::use_awaitable));
    co_return co_await std::move(spawned);
}

}  // namespace cofila::sim
