#pragma once
#include <cofila/time.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

#include "async/event.hpp"
#include "runtime/runtime.hpp"
#include "worker/slots.hpp"

namespace cofila {

/// Watches the running attempts of a worker: those that run too long, and those that do not end when asked to.
class attempt_watch {
public:
    struct callbacks {
        std::function<void(const attempt_ptr&)> timed_out;
        /// Asked to end this long ago. Removes it from the running ones.
        std::function<void(const attempt_ptr&, milliseconds since_asked)> stuck;
        std::function<void(const attempt_ptr&, milliseconds running)> long_running;
    };

    attempt_watch(std::shared_ptr<runtime> ports, milliseconds stuck_after, const slots& of, callbacks tell);

    /// Looks in time, until cancelled.
    boost::asio::awaitable<void> run();
    /// Notes the start of an attempt.
    void started(const attempt_ptr& attempt);
    /// Called when an attempt was asked to end.
    void look_again() { look_.set(); }

private:
    milliseconds look_after(const attempt_ptr& attempt, steady_time now);

    const std::shared_ptr<runtime> ports_;
    const milliseconds stuck_after_;
    const slots& slots_;
    const callbacks tell_;
    steady_time watched_until_ = steady_time::min();  // when it looks next
    event look_;
};

}  // namespace cofila
