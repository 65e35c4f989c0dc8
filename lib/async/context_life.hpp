#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace cofila {

/// Uses an execution context and may outlive it.
class context_user {
public:
    using remains = std::vector<std::shared_ptr<const void>>;

    context_user() = default;
    context_user(const context_user&) = delete;
    context_user& operator=(const context_user&) = delete;

    /// The context is being destroyed, on this thread: what belongs to it is let go now. Handlers that wait are moved
    /// to `dropped`: their end runs code that may attach and detach, which this function may not.
    virtual void context_ends(remains& dropped) = 0;

protected:
    ~context_user() = default;
};

/// Knows whether an execution context is still there, and tells its users when it goes. Thread-safe.
class context_life {
public:
    static std::shared_ptr<context_life> of(const boost::asio::any_io_executor& executor);

    void attach(context_user& user);
    void detach(context_user& user);

    /// Calls `what` while the context cannot go; it must not block. False: the context has gone.
    template <class Function>
    bool while_alive(Function&& what)
    {
        const std::lock_guard lock{mutex_};
        if (!ended_)
            std::forward<Function>(what)();
        return !ended_;
    }

    void end();

private:
    std::recursive_mutex mutex_{};  // what is posted may be dropped on the spot, and its end may post
    std::set<context_user*> users_{};
    bool ended_ = false;
};

}  // namespace cofila
