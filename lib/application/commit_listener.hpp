#pragma once
#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>

#include "application/runtime.hpp"

namespace cofila {

/// Tells the workers when somebody else has changed the store. Watches closely while one of them waits for jobs: once
/// none does, the next commit ends that. While jobs run, which may have been cancelled elsewhere, it looks now and
/// then, so that a busy worker does not pay for each commit.
class commit_listener {
public:
    struct surroundings {
        std::function<bool()> anyone_idle;
        std::function<bool()> anyone_busy;
        std::function<void()> tell_all;
        std::function<void(std::exception_ptr)> failed;
    };

    commit_listener(std::shared_ptr<runtime> ports, surroundings around);

    /// Until it is cancelled.
    boost::asio::awaitable<void> run();

private:
    /// False: others want something else by now.
    boost::asio::awaitable<bool> watch();

    const std::shared_ptr<runtime> ports_;
    const surroundings around_;
};

}  // namespace cofila
