#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

#include "application/runtime.hpp"

namespace cofila {

/// Tells when somebody else has changed the store. Watches closely while somebody of this process waits for that: once
/// nobody does, the next commit ends that. While jobs run, which may have been cancelled elsewhere, it looks now and
/// then, so that a busy worker does not pay for each commit.
class commit_listener {
public:
    struct surroundings {
        std::function<change_interest()> wanted;
        std::function<bool()> anyone_busy;
        std::function<void(const change_news&)> changed;
        std::function<void(std::exception_ptr)> failed;
    };

    commit_listener(std::shared_ptr<runtime> ports, surroundings around);

    /// Until it is cancelled.
    boost::asio::awaitable<void> run();

private:
    /// Without a change: others want something else by now.
    boost::asio::awaitable<change_news> watch();

    const std::shared_ptr<runtime> ports_;
    const surroundings around_;
};

}  // namespace cofila
