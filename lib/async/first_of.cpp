#include "async/first_of.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <exception>
#include <utility>

namespace cofila {

namespace asio = boost::asio;

asio::awaitable<bool> first_of(asio::awaitable<void> one, asio::awaitable<void> other)
{
    const auto executor = co_await asio::this_coro::executor;
    auto both = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(one), asio::deferred),
        asio::co_spawn(executor, std::move(other), asio::deferred)
    );
    auto [order, first, second] = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto winner = order[0] == 0 ? first : second;
    if (winner)
        std::rethrow_exception(winner);
    co_return !first;
}

}  // namespace cofila
