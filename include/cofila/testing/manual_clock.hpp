#pragma once
#include <cofila/clock.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace cofila::testing {

/// A clock that stands still until it is moved.
///
/// Thread: any thread may read the time; everything else belongs to the one thread that runs the sleepers.
class manual_clock : public clock {
public:
    /// The wall clock's time at the start, unless the constructor is given another.
    static constexpr time_point start = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};

    explicit manual_clock(time_point wall = start) : first_wall_{wall} {}
    manual_clock(const manual_clock&) = delete;
    manual_clock& operator=(const manual_clock&) = delete;

    time_point wall_now() const override;
    steady_time steady_now() const override;
    boost::asio::awaitable<void> sleep_until(steady_time until) override;

    /// Moves both times and wakes the sleepers that are due by then: earliest first, then in order of arrival, each by
    /// a post on its own executor.
    void advance(milliseconds by) { advance_to(steady_now() + by); }
    void advance_to(steady_time now);
    /// Sets the wall clock forward or back. Wakes no sleeper.
    void step_wall(milliseconds by);

    std::size_t sleepers() const { return sleepers_.size(); }
    /// Returns when the first sleeper is due; unset if there is none.
    std::optional<steady_time> next_wake() const;

private:
    struct sleeper {
        boost::asio::any_io_executor executor;
        boost::asio::any_completion_handler<void(boost::system::error_code)> handler;
    };
    using sleeper_map = std::map<std::pair<steady_time, std::uint64_t>, sleeper>;
    struct initiation;

    void wake(sleeper_map::iterator due, boost::system::error_code ec);

    const time_point first_wall_;
    std::atomic<std::int64_t> elapsed_{0};     // ns; atomic, as any thread may read the time
    std::atomic<std::int64_t> wall_steps_{0};  // ms
    sleeper_map sleepers_{};
    std::uint64_t arrivals_ = 0;
};

}  // namespace cofila::testing
