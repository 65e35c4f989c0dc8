#include "async/wait_until.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace cofila {

namespace asio = boost::asio;

asio::awaitable<void> wait_until(event& wake, std::shared_ptr<clock> time, steady_time until)
{
    const auto executor = co_await asio::this_coro::executor;
    auto both = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, wake.wait(), asio::deferred),
        asio::co_spawn(executor, time->sleep_until(until), asio::deferred)
    );
    // The loser is cancelled and joined here. An error other than that is a broken clock's: let it be seen.
    auto [order, woken, slept] = co_await both.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto winner = order[0] == 0 ? woken : slept;
    if (winner)
        std::rethrow_exception(winner);
}

}  // namespace cofila
