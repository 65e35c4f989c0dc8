#pragma once
#include <cofila/testing/manual_clock.hpp>

#include <boost/asio/awaitable.hpp>

namespace cofila::test {

/// The clock for applications, for tests within `run_coro`.
class manual_clock final : public testing::manual_clock {
public:
    using testing::manual_clock::manual_clock;

    /// As time really passes: goes from one sleeper's end to the next, and lets everything that is ready run at each,
    /// so that a task that sleeps for 5 s again and again wakes twelve times in a minute.
    boost::asio::awaitable<void> pass(milliseconds by);
};

}  // namespace cofila::test
