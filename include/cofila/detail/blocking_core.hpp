#pragma once
#include <cofila/detail/on_loop.hpp>
#include <cofila/engine.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

/// What `cofila/blocking.hpp` is built on. Not part of the interface.
namespace cofila::detail {

/// An engine and the thread that runs it.
class blocking_core;
using blocking_ptr = std::shared_ptr<blocking_core>;

blocking_ptr open_blocking(engine_options options);
const cofila::engine& engine_of(const blocking_ptr& core);
void wait_for(const blocking_ptr& core, asio::awaitable<void> call);
void close(const blocking_ptr& core);

template <class T>
T wait_for_result(const blocking_ptr& core, asio::awaitable<T> call)
{
    if constexpr (std::is_void_v<T>) {
        wait_for(core, std::move(call));
    } else {
        const auto result = std::make_shared<std::optional<T>>();
        wait_for(core, keep(result, std::move(call)));
        return std::move(**result);
    }
}

}  // namespace cofila::detail
