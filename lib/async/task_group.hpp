#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <exception>
#include <list>
#include <memory>
#include <utility>

#include "async/event.hpp"

namespace cofila {

/// Owns the coroutines it spawns: they can be cancelled together, and `join` returns when the last has ended. Tasks
/// outlive the group only if it is destroyed without a join; then they are cancelled first. They end with the context
/// of their loop.
class task_group {
public:
    explicit task_group(loop_ptr loop);
    explicit task_group(boost::asio::any_io_executor executor) : task_group{event_loop::at(std::move(executor))} {}
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;
    ~task_group();

    /// Starts `task` on the group's loop. A task handles its own errors; `join` throws the first one that escapes (but
    /// not the `operation_aborted` of a cancelled group). `owner` is what the task uses: it is kept until the task has
    /// ended.
    void spawn(boost::asio::awaitable<void> task, std::shared_ptr<const void> owner = {});
    /// Asks every task to end (terminal cancellation).
    void cancel();
    bool empty() const noexcept;

    /// Waits until no task is left. Cancellation: terminal, the tasks go on.
    boost::asio::awaitable<void> join();

private:
    struct state;
    class ending;
    std::shared_ptr<state> state_;  // shared with the completion handlers
};

}  // namespace cofila
