#pragma once
#include <cofila/clock.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <map>

#include "scheduler.hpp"

namespace cofila::sim {

/// The clocks of one process: the wall's is off by a skew and may be stepped, both run a little fast or slow.
class node_clock final : public clock {
public:
    struct options {
        time skew{};              ///< Of the wall clock.
        int parts_per_million{};  ///< Too fast, or (negative) too slow.
    };

    node_clock(scheduler& world, options chosen) : world_{world}, options_{chosen} {}

    time_point wall_now() const override;
    steady_time steady_now() const override;
    boost::asio::awaitable<void> sleep_until(steady_time until) override;

    /// When the wall clock will show this, or did.
    time world_time(time_point wall) const;
    void step_wall(time by) { options_.skew += by; }
    /// The process has died: who sleeps wakes at once, and time flies for what is left of it.
    void fly();
    std::size_t sleepers() const noexcept { return sleepers_.size(); }

private:
    struct sleeper {
        scheduler::timer timer;
        boost::asio::any_io_executor executor;
        boost::asio::any_completion_handler<void(boost::system::error_code)> handler;
    };
    using sleeper_map = std::map<std::uint64_t, sleeper>;
    struct initiation;

    time local(time world) const;
    time reached(time wanted) const;
    time world_time(steady_time until) const;
    void wake(std::uint64_t which, boost::system::error_code ec);

    scheduler& world_;
    options options_;
    sleeper_map sleepers_{};
    std::uint64_t arrivals_ = 0;
    bool flying_ = false;
    time flown_{};
};

}  // namespace cofila::sim
