#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace cofila {

/// An object that uses an execution context and may outlive it.
class context_user {
public:
    using remains = std::vector<std::shared_ptr<const void>>;

    context_user() = default;
    context_user(const context_user&) = delete;
    context_user& operator=(const context_user&) = delete;

    /// Called while the context is being destroyed, on that thread: lets go of what belongs to it. Moves waiting
    /// handlers to `dropped`, since their destruction runs code that may attach and detach, which this function must
    /// not.
    virtual void context_ends(remains& dropped) = 0;

protected:
    ~context_user() = default;
};

/// Knows whether an execution context still exists, and notifies its users when it goes. Thread-safe.
class context_life {
public:
    static std::shared_ptr<context_life> of(const boost::asio::any_io_executor& executor);

    void attach(context_user& user);
    void detach(context_user& user);

    /// Calls `what` while the context cannot go; `what` must not block. Returns false if the context has gone.
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
    std::recursive_mutex mutex_{};  // a posted handler may be dropped on the spot, and its destruction may post
    std::set<context_user*> users_{};
    bool ended_ = false;
};

}  // namespace cofila
