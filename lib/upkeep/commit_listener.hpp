#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

#include "runtime/runtime.hpp"

namespace cofila {

/// Reports when another process has changed the store. Watches closely while a caller in this process waits for that;
/// once none does, the next commit ends the watch. While jobs run, which may have been cancelled elsewhere, it looks
/// now and then, so that a busy worker does not pay for each commit.
class commit_listener {
public:
    struct surroundings {
        std::function<change_interest()> wanted;
        std::function<bool()> anyone_busy;
        std::function<void(const change_news&)> changed;
        std::function<void(std::exception_ptr)> failed;
    };

    commit_listener(std::shared_ptr<runtime> ports, surroundings around);

    /// Runs until it is cancelled.
    boost::asio::awaitable<void> run();

private:
    /// Returns without a change if something else is wanted by now.
    boost::asio::awaitable<change_news> watch();

    const std::shared_ptr<runtime> ports_;
    const surroundings around_;
};

}  // namespace cofila
