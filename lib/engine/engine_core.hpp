#pragma once
#include <cofila/engine.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "queue/queue_core.hpp"
#include "runtime/runtime.hpp"
#include "upkeep/commit_listener.hpp"
#include "upkeep/maintenance.hpp"

namespace cofila::detail {

/// The composition root: what an engine handle owns. Queues may outlive it, and find it closed.
class engine_core : public std::enable_shared_from_this<engine_core> {
public:
    explicit engine_core(std::shared_ptr<runtime> ports);

    /// Starts the tasks that run by themselves: the listener and, if options ask for it, the maintenance.
    void start(const std::optional<maintenance_options>& options);
    /// From any thread.
    queue_ptr open_queue(std::string name, std::optional<queue_options> options);
    /// Returns the queue without fixing its options. From any thread.
    queue_ptr look_at(std::string name);
    const loop_ptr& loop() const noexcept { return ports_->loop; }
    boost::asio::awaitable<page<queue_info>> queues(page_request request);

    boost::asio::awaitable<void> close();
    /// Asks everything to end, without waiting for it.
    void abandon();

private:
    void check_open() const;
    queue_ptr find_queue(const std::string& name) const;
    bool anyone_busy() const;
    change_interest wanted() const;
    void tell(const change_news& news);
    /// No queue can be opened after this.
    std::vector<queue_ptr> close_opening();
    std::vector<queue_ptr> opened() const;
    // Called with the lock held.
    queue_ptr known_or_new(std::string name);
    queue_ptr known_queue(const std::string& name) const;

    void report(const std::exception_ptr& error);

    // The maintenance runs while anything asks for it: the options, or an open queue.
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
