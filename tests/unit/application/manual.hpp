#pragma once
#include "app.hpp"

namespace cofila::test {

inline asio::awaitable<claimed_job<int, int>> take_one(queue<int, int> queue)
{
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    co_return std::move(taken[0]);
}

}  // namespace cofila::test
