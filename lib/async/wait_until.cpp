#include "async/wait_until.hpp"

#include <chrono>

#include "async/first_of.hpp"

namespace cofila {

steady_time later(steady_time from, milliseconds wait)
{
    if (wait <= milliseconds{})
        return from;
    const auto room = std::chrono::floor<milliseconds>(steady_time::max() - from);
    return wait < room ? from + wait : steady_time::max();
}

boost::asio::awaitable<bool> wait_until(event& wake, const std::shared_ptr<clock>& time, steady_time until)
{
    return first_of(wake.wait(), time->sleep_until(until));
}

}  // namespace cofila
