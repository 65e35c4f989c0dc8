#include "support/manual_clock.hpp"

#include "support/run_coro.hpp"

namespace cofila::test {

boost::asio::awaitable<void> manual_clock::pass(milliseconds by)
{
    const auto end = steady_now() + by;
    co_await settle();
    for (auto next = next_wake(); next && *next <= end; next = next_wake()) {
        advance_to(*next);
        co_await settle();
    }
    advance_to(end);
    co_await settle();
}

}  // namespace cofila::test
