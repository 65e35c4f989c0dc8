#pragma once
#include <cofila/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <string>
#include <type_traits>
#include <utility>

namespace cofila::test {

struct thrown_error {
    boost::system::error_code code{};  ///< No error: nothing was thrown.
    std::string field{};
    std::string text{};
};

/// What `operation` throws. `const auto e = co_await error_of(queue.retry(id)); CHECK(e.code == errc::wrong_state);`
template <class T>
boost::asio::awaitable<thrown_error> error_of(boost::asio::awaitable<T> operation)
{
    thrown_error caught;
    try {
        co_await std::move(operation);
    } catch (const error& e) {
        caught = {.code = e.code(), .field = e.field(), .text = e.what()};
    } catch (const boost::system::system_error& e) {
        caught = {.code = e.code(), .field = {}, .text = e.what()};
    }
    co_return caught;
}

/// The same for what is no coroutine: `error_of([&] { check(options); })`.
template <class Call>
    requires std::is_invocable_v<Call>
thrown_error error_of(Call call)
{
    try {
        call();
    } catch (const error& e) {
        return {.code = e.code(), .field = e.field(), .text = e.what()};
    }
    return {};
}

}  // namespace cofila::test
