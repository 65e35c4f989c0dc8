#pragma once
#include <cofila/clock.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "domain/clock_offset.hpp"
#include "postgres/link.hpp"

namespace cofila::postgres {

/// The machine's clock, whose time of day is set by the server's, so that all machines agree.
class server_clock final : public cofila::clock {
public:
    explicit server_clock(std::shared_ptr<cofila::clock> machine) : machine_{std::move(machine)} {}

    time_point wall_now() const override { return machine_->wall_now() + milliseconds{offset_}; }
    steady_time steady_now() const override { return machine_->steady_now(); }
    boost::asio::awaitable<void> sleep_until(steady_time until) override { return machine_->sleep_until(until); }

    /// Asks a server that was just connected to. On one thread, as the next.
    void begin(link& server);
    /// Asks the same server again.
    void measure(link& server);

private:
    const std::shared_ptr<cofila::clock> machine_;
    std::atomic<std::int64_t> offset_{0};  // ms
    domain::clock_offset rule_{};
    bool is_logged_ = false;
};

}  // namespace cofila::postgres
