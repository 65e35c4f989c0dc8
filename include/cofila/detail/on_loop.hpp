#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// How every public awaitable reaches its engine and returns. Not part of the interface.
namespace cofila {

class event_loop;
using loop_ptr = std::shared_ptr<event_loop>;

namespace detail {

namespace asio = boost::asio;

/// Returns true if the calling coroutine, which belongs to `where`, runs on the loop.
bool is_here(const event_loop& loop, const asio::any_io_executor& where);
/// Runs `work` on the loop from elsewhere.
asio::awaitable<void> cross(loop_ptr loop, asio::awaitable<void> work);

template <class T>
asio::awaitable<void> keep(std::shared_ptr<std::optional<T>> where, asio::awaitable<T> result)
{
    where->emplace(co_await std::move(result));
}

/// Runs `work` on the engine's loop, wherever the caller runs, and returns or throws what it returns or throws. A
/// cancellation of the caller reaches `work`, which decides what it means. Throws `errc::closed` if the loop's context
/// has gone or goes meanwhile.
template <class T>
asio::awaitable<T> on_loop(loop_ptr loop, asio::awaitable<T> work)
{
    const auto where = co_await asio::this_coro::executor;
    if (is_here(*loop, where))
        co_return co_await std::move(work);
    if constexpr (std::is_void_v<T>) {
        co_await cross(std::move(loop), std::move(work));
    } else {
        const auto result = std::make_shared<std::optional<T>>();
        co_await cross(std::move(loop), keep(result, std::move(work)));
        co_return std::move(**result);
    }
}

}  // namespace detail
}  // namespace cofila
