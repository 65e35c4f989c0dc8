#pragma once
#include <cofila/engine.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "application/commit_listener.hpp"
#include "application/maintenance.hpp"
#include "application/queue_core.hpp"
#include "application/runtime.hpp"
#include "async/task_group.hpp"

namespace cofila::detail {

/// The composition root: what an engine handle owns. Queues may outlive it; they find it closed.
class engine_core : public std::enable_shared_from_this<engine_core> {
public:
    explicit engine_core(std::shared_ptr<runtime> ports);

    /// Starts what runs by itself: the listener and, where options ask for it, the maintenance.
    void start(const std::optional<maintenance_options>& options);
    /// From any thread.
    queue_ptr open_queue(std::string name, std::optional<queue_options> options);
    /// The queue without a say in its options. From any thread.
    queue_ptr look_at(std::string name);
    const loop_ptr& loop() const noexcept { return ports_->loop; }
    boost::asio::awaitable<page<queue_info>> queues(page_request request);

    boost::asio::awaitable<void> close();
    /// Asks everything to end and waits for nothing.
    void abandon();

private:
    void check_open() const;
    queue_ptr find_queue(const std::string& name) const;
    bool anyone_busy() const;
    change_interest wanted() const;
    void tell(const change_news& news);
    /// No queue is opened after it has been called.
    std::vector<queue_ptr> close_opening();
    std::vector<queue_ptr> opened() const;
    // With the lock held.
    queue_ptr known_or_new(std::string name);
    queue_ptr known_queue(const std::string& name) const;

    void report(const std::exception_ptr& error);

    // The maintenance runs while somebody asked for it: the options, or a queue that is open.
    void ask_for_maintenance(const maintenance_options& options);
    void take_back_maintenance();

    const std::shared_ptr<runtime> ports_;
    mutable std::mutex opening_{};  // for the two below
    std::map<std::string, queue_ptr, std::less<>> queues_{};
    bool closed_ = false;

    int maintenance_asked_ = 0;
    commit_listener listener_;
    task_group sweeping_;
    task_group listening_;
};

}  // namespace cofila::detail
