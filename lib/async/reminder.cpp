#include "async/reminder.hpp"

#include <utility>

#include "async/wait_until.hpp"

namespace cofila {

reminder::reminder(event& rings, std::shared_ptr<clock> time)
    : rings_{rings},
      time_{std::move(time)},
      earlier_{rings.executor()}
{}

void reminder::set_for(steady_time when)
{
    due_ = when;
    if (when < asleep_until_)
        earlier_.set();
}

boost::asio::awaitable<void> reminder::run()
{
    for (;;) {
        if (time_->steady_now() >= due_) {
            due_ = steady_time::max();
            rings_.set();
        }
        asleep_until_ = due_;
        co_await wait_until(earlier_, time_, asleep_until_);
    }
}

}  // namespace cofila
