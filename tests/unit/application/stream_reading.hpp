#pragma once
#include <cofila/event_stream.hpp>
#include <cofila/queue.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace cofila::test {

inline boost::asio::awaitable<void> add(queue<int, int> to, std::vector<std::string> ids)
{
    for (auto& id : ids)
        (void)co_await to.add("x", 1, {.id = std::move(id)});
}

inline boost::asio::awaitable<std::uint64_t> next_number(event_stream from)
{
    const auto next = co_await from.next();
    co_return next.event.sequence;
}

}  // namespace cofila::test
