// An alarm that is set often and rings seldom. `run` sleeps until the time that was due when it fell asleep. Setting a
// later time, as is usual, does not disturb the sleep: on waking it sees that the time has not come and sleeps on. Only
// an earlier time wakes it, since ending a sleep costs an exception. `due_` is cleared before the event is set, so that
// one setting rings once. When `run` ends, by cancellation or an error of the clock, the event is set a last time, and
// the next `set_for` throws what ended it: a waiter is never left without its alarm.
#include "async/reminder.hpp"

#include <utility>

#include "async/wait_until.hpp"

namespace cofila {

reminder::reminder(event& rings, std::shared_ptr<clock> time)
    : rings_{rings},
      time_{std::move(time)},
      earlier_{rings.loop()}
{}

void reminder::set_for(steady_time when)
{
    if (failed_)
        std::rethrow_exception(failed_);
    due_ = when;
    if (when < asleep_until_)
        earlier_.set();
}

boost::asio::awaitable<void> reminder::run()
{
    try {
        for (;;)
            co_await ring_in_time();
    } catch (...) {
        failed_ = std::current_exception();
    }
    rings_.set();  // wakes the waiter, which learns of the end when it sets the next time
    std::rethrow_exception(failed_);
}

boost::asio::awaitable<void> reminder::ring_in_time()
{
    asleep_until_ = due_;
    if (due_ == steady_time::max())
        co_return co_await earlier_.wait();
    co_await wait_until(earlier_, time_, asleep_until_);
    if (time_->steady_now() < due_)
        co_return;
    due_ = steady_time::max();
    rings_.set();
}

}  // namespace cofila
