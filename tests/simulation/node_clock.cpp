#include "node_clock.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace cofila::sim {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t million = 1'000'000;
constexpr steady_time first_steady{std::chrono::hours{1000}};
constexpr time_point first_wall = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
/// Of a process that has died, at once: whoever wants more asks again.
constexpr time longest_flight = std::chrono::hours{1};

}  // namespace

struct node_clock::initiation {
    node_clock* self;
    steady_time until;
    asio::any_io_executor executor;

    template <class Handler>
    void operator()(Handler handler) const
    {
        auto& clock = *self;
        const auto me = clock.arrivals_++;
        const auto timer = clock.world_.at(clock.world_time(until), [owner = self, me] { owner->wake(me, {}); });
        const auto asleep = clock.sleepers_.emplace(me, sleeper{timer, executor, std::move(handler)}).first;
        if (clock.flying_)
            clock.flown_ += std::clamp(time{until - clock.steady_now()}, time{}, longest_flight);
        if (clock.flying_ || until <= clock.steady_now())
            return clock.wake(me, {});
        // Its own slot: the erased handler has put a filter of its own into that of the one it was made of.
        if (auto slot = asio::get_associated_cancellation_slot(asleep->second.handler); slot.is_connected())
            slot.assign([owner = self, me](asio::cancellation_type type) {
                if ((type & asio::cancellation_type::terminal) != asio::cancellation_type::none)
                    owner->wake(me, asio::error::operation_aborted);
            });
    }
};

time node_clock::local(time world) const
{
    return world + time{
                       world.count() / million * options_.parts_per_million +
                       world.count() % million * options_.parts_per_million / million
                   };
}

time_point node_clock::wall_now() const
{
    return first_wall + std::chrono::floor<milliseconds>(local(world_.now()) + options_.skew + flown_);
}

steady_time node_clock::steady_now() const { return first_steady + local(world_.now()) + flown_; }

/// When this clock will show `until`.
time node_clock::world_time(steady_time until) const { return reached(time{until - first_steady} - flown_); }

time node_clock::world_time(time_point wall) const { return reached(time{wall - first_wall} - options_.skew - flown_); }

/// When so much time has passed by this clock.
time node_clock::reached(time wanted) const
{
    const auto rate = million + options_.parts_per_million;
    auto out = time{wanted.count() / rate * million + wanted.count() % rate * million / rate};
    while (local(out) < wanted)
        ++out;
    return out;
}

asio::awaitable<void> node_clock::sleep_until(steady_time until)
{
    const auto executor = co_await asio::this_coro::executor;
    auto sleep = asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
        initiation{this, until, executor}, asio::use_awaitable
    );
    co_await std::move(sleep);
}

void node_clock::fly()
{
    flying_ = true;
    while (!sleepers_.empty())
        wake(sleepers_.begin()->first, {});
}

void node_clock::wake(std::uint64_t which, boost::system::error_code ec)
{
    auto awake = std::move(sleepers_.extract(which).mapped());
    world_.cancel(awake.timer);
    // From here on a cancellation must not find the sleeper again.
    if (auto slot = asio::get_associated_cancellation_slot(awake.handler); slot.is_connected())
        slot.clear();
    asio::post(awake.executor, asio::append(std::move(awake.handler), ec));
}

}  // namespace cofila::sim
