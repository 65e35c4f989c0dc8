#include "async/wait_until.hpp"

#include "async/first_of.hpp"

namespace cofila {

boost::asio::awaitable<void> wait_until(event& wake, std::shared_ptr<clock> time, steady_time until)
{
    co_await first_of(wake.wait(), time->sleep_until(until));
}

}  // namespace cofila
