#pragma once
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <functional>
#include <list>
#include <utility>

namespace cofila {

/// Wakes coroutines of one thread. `set()` completes every wait that is under way, each by a post of its own; with none
/// under way it is remembered for the next one. A wait says only that something may have changed: look again.
class event {
public:
    explicit event(boost::asio::any_io_executor executor) : executor_{std::move(executor)} {}
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event();

    void set();
    const boost::asio::any_io_executor& executor() const noexcept { return executor_; }

    /// Cancellation: terminal, with `operation_aborted`.
    boost::asio::awaitable<void> wait();

    /// Goes on waiting when it is cancelled, but calls `cancelled` then.
    boost::asio::awaitable<void> wait_uninterrupted(std::function<void()> cancelled);

private:
    using handler = boost::asio::any_completion_handler<void(boost::system::error_code)>;
    struct initiation;

    void complete(std::list<handler>::iterator waiter, boost::system::error_code ec);

    boost::asio::any_io_executor executor_;
    std::list<handler> waiters_{};
    bool set_ = false;
};

}  // namespace cofila
