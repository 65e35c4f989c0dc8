#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

#include "application/runtime.hpp"

namespace cofila {

/// Wakes the workers when somebody else has changed the store. Watches only while one of them waits for jobs:
/// once none does, the next commit ends the watch, so that a busy worker does not pay for it.
class commit_listener {
public:
    struct surroundings {
        std::function<bool()> anyone_idle;
        std::function<void()> wake_all;
        std::function<void(std::exception_ptr)> failed;
    };

    commit_listener(std::shared_ptr<runtime> ports, surroundings around);

    /// Until it is cancelled.
    boost::asio::awaitable<void> run();

private:
    const std::shared_ptr<runtime> ports_;
    const surroundings around_;
};

}  // namespace cofila
