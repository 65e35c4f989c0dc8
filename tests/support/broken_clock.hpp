#pragma once
#include <cofila/clock.hpp>

#include <stdexcept>

namespace cofila::test {

/// Shows a time, and can wait for none: "no timer left".
struct broken_clock final : clock {
    time_point wall_now() const override { return {}; }
    steady_time steady_now() const override { return {}; }
    boost::asio::awaitable<void> sleep_until(steady_time) override
    {
        throw std::runtime_error{"no timer left"};
        co_return;
    }
};

}  // namespace cofila::test
