#include <cofila/testing/manual_clock.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace cofila::testing {

namespace asio = boost::asio;

namespace {

// Not the epoch: code that takes 0 for "never" must not pass by luck.
constexpr steady_time first_steady{std::chrono::hours{1000}};

}  // namespace

struct manual_clock::initiation {
    manual_clock* self;
    steady_time until;
    asio::any_io_executor executor;

    template <class Handler>
    void operator()(Handler handler) const
    {
        const auto arrived =
            self->sleepers_.emplace(std::pair{until, self->arrivals_++}, sleeper{executor, std::move(handler)}).first;
        if (until <= self->steady_now()) {
            self->wake(arrived, {});
            return;
        }
        // The slot of the erased handler, which has put a filter of its own into the slot of the handler it was made
        // from.
        if (auto slot = asio::get_associated_cancellation_slot(arrived->second.handler); slot.is_connected())
            slot.assign([clock = self, me = arrived](asio::cancellation_type type) {
                if ((type & asio::cancellation_type::terminal) != asio::cancellation_type::none)
                    clock->wake(me, asio::error::operation_aborted);
            });
    }
};

time_point manual_clock::wall_now() const
{
    return first_wall_ + milliseconds{wall_steps_} +
           std::chrono::floor<milliseconds>(std::chrono::nanoseconds{elapsed_});
}

steady_time manual_clock::steady_now() const { return first_steady + std::chrono::nanoseconds{elapsed_}; }

asio::awaitable<void> manual_clock::sleep_until(steady_time until)
{
    const auto executor = co_await asio::this_coro::executor;
    auto sleep = asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
        initiation{this, until, executor}, asio::use_awaitable
    );
    co_await std::move(sleep);
}

void manual_clock::step_wall(milliseconds by) { wall_steps_ += by.count(); }

std::optional<steady_time> manual_clock::next_wake() const
{
    if (sleepers_.empty())
        return {};
    return sleepers_.begin()->first.first;
}

void manual_clock::advance_to(steady_time now)
{
    elapsed_ = std::chrono::nanoseconds{now - first_steady}.count();
    while (!sleepers_.empty() && sleepers_.begin()->first.first <= now)
        wake(sleepers_.begin(), {});
}

void manual_clock::wake(sleeper_map::iterator due, boost::system::error_code ec)
{
    auto awake = std::move(due->second);
    sleepers_.erase(due);
    // From now on a cancellation must not find the sleeper.
    if (auto slot = asio::get_associated_cancellation_slot(awake.handler); slot.is_connected())
        slot.clear();
    asio::post(awake.executor, asio::append(std::move(awake.handler), ec));
}

}  // namespace cofila::testing
