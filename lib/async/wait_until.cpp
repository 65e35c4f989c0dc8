#include "async/wait_until.hpp"

#include <chrono>

#include "async/first_of.hpp"

namespace cofila {

steady_time later(steady_time from, milliseconds wait)
{
    const auto room = std::chrono::floor<milliseconds>(steady_time::max() - from);
    return wait < room ? from + wait : steady_time::max();
}

boost::asio::awaitable<void> wait_until(event& wake, std::shared_ptr<clock> time, steady_time until)
{
    co_await first_of(wake.wait(), time->sleep_until(until));
}

}  // namespace cofila
