#include "async/event.hpp"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace cofila {

namespace asio = boost::asio;

struct event::initiation {
    event* self;
    std::function<void()> cancelled{};  // empty if a cancellation ends the wait

    template <class Handler>
    void operator()(Handler handler) const
    {
        const auto waiter = self->waiters_.emplace(self->waiters_.end(), std::move(handler));
        if (std::exchange(self->set_, false)) {
            self->complete(waiter, {});
            return;
        }
        // The slot of the erased handler, which has put a filter of its own into the slot of the handler it was made
        // from.
        if (auto slot = asio::get_associated_cancellation_slot(*waiter); slot.is_connected())
            slot.assign([owner = self, waiter, instead = cancelled](asio::cancellation_type type) {
                if ((type & asio::cancellation_type::terminal) == asio::cancellation_type::none)
                    return;
                if (const auto call = instead)  // a copy: the callee may end the wait, and this handler with it
                    call();
                else
                    owner->complete(waiter, asio::error::operation_aborted);
            });
    }
};

event::event(loop_ptr loop) : loop_{std::move(loop)} { loop_->life()->attach(*this); }

event::~event()
{
    loop_->life()->detach(*this);
    while (!waiters_.empty())
        complete(waiters_.begin(), asio::error::operation_aborted);
}

/// From now on a cancellation must not find the waiter.
void event::forget_slot(handler& waiter)
{
    if (auto slot = asio::get_associated_cancellation_slot(waiter); slot.is_connected())
        slot.clear();
}

void event::context_ends(remains& dropped)
{
    for (auto& waiter : waiters_)
        forget_slot(waiter);
    dropped.push_back(std::make_shared<std::list<handler>>(std::move(waiters_)));
    waiters_.clear();
}

void event::complete(std::list<handler>::iterator waiter, boost::system::error_code ec)
{
    auto done = std::move(*waiter);
    waiters_.erase(waiter);
    forget_slot(done);
    asio::post(loop_->executor(), asio::append(std::move(done), ec));
}

void event::set()
{
    if (waiters_.empty())
        set_ = true;
    while (!waiters_.empty())
        complete(waiters_.begin(), {});
}

asio::awaitable<void> event::wait()
{
    return asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
        initiation{this}, asio::use_awaitable
    );
}

asio::awaitable<void> event::wait_uninterrupted(std::function<void()> cancelled)
{
    return asio::async_initiate<const asio::use_awaitable_t<>, void(boost::system::error_code)>(
        initiation{this, std::move(cancelled)}, asio::use_awaitable
    );
}

}  // namespace cofila
