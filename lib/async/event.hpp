#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <list>
#include <utility>

#include "async/event_loop.hpp"

namespace cofila {

/// Wakes coroutines of one loop. `set()` completes every wait that is under way, each by a post of its own; if there is
/// none, it is remembered for the next wait. A completed wait only means that something may have changed: look again.
/// Waits end with the context that they belong to.
class event : public context_user {
public:
    explicit event(loop_ptr loop);
    explicit event(boost::asio::any_io_executor executor) : event{event_loop::at(std::move(executor))} {}
    virtual ~event();

    void set();
    const loop_ptr& loop() const noexcept { return loop_; }

    /// Cancellation: terminal, with `operation_aborted`.
    boost::asio::awaitable<void> wait();

    /// Continues to wait when it is cancelled, but calls `cancelled`.
    boost::asio::awaitable<void> wait_uninterrupted(std::function<void()> cancelled);

    void context_ends(remains& dropped) override;

private:
    using handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
    struct initiation;

    static void forget_slot(handler& waiter);
    void complete(std::list<handler>::iterator waiter, boost::system::error_code ec);

    const loop_ptr loop_;
    std::list<handler> waiters_{};
    bool set_ = false;
};

}  // namespace cofila
