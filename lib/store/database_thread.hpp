#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "async/event_loop.hpp"
#include "store/batch.hpp"
#include "store/database_port.hpp"
#include "store/loop_spin.hpp"

namespace cofila::store {

/// A thread that owns a connection and runs what is submitted in batches: while one is committed, the next one gathers.
/// Without work it sleeps, except that it waits awake for a moment after each batch; it may lend the connection then.
class database_thread final : public database_port, private context_user {
public:
    struct options {
        loop_ptr loop{};  ///< Where results go. When its context is destroyed, the thread ends first.
        std::shared_ptr<cofila::clock> clock{};  ///< Times the pauses.
        std::chrono::microseconds spin{};        ///< How long either side waits awake for the other.
        bool lends = false;  ///< A short operation that is alone may run on the thread that submits it.
        std::shared_ptr<std::atomic<bool>> hurry{};  ///< Set when the thread must end even if the store is busy.
    };
    using make_runner = std::function<std::unique_ptr<batch_runner>()>;

    /// In a child after fork() the thread does not exist, nor what its connection holds. There every submission
    /// fails with `errc::closed`, no thread can be started, and the object is never destroyed, since what the thread
    /// was in the middle of cannot be ended.
    static std::shared_ptr<database_thread> start(options chosen, make_runner make);

    database_thread(options chosen, make_runner make);
    /// As `stop`, but does not wait for other processes that hold the store.
    ~database_thread() override;

    void submit(operation_ptr op) override;
    void stop() override;

private:
    using operations = std::vector<operation_ptr>;

    void loop(make_runner make);
    bool wait_for_work();
    void spin();
    bool run_here(operation& op) noexcept;
    bool borrow(const operation& op);
    void give_back();
    void answer(operations done);
    void answer_on(const boost::asio::any_io_executor& executor, operations done);
    void context_ends(remains& dropped) override;

    const options options_;
    std::shared_ptr<loop_spin> loop_spin_;
    domain::adaptive_spin rule_{};
    domain::adaptive_spin lending_rule_{};  // used where operations are submitted
    std::atomic<bool> news_{false};         // there is work, or the thread is to end
    std::mutex mutex_{};
    std::condition_variable wake_{};
    /// Belongs to the thread, unless it is at rest and has lent it.
    std::unique_ptr<batch_runner> runner_{};
    bool is_at_rest_ = false;
    bool is_lent_ = false;
    bool was_lent_ = false;     // since the thread came to rest
    steady_time busy_since_{};  // others have had no gap since then
    steady_time used_until_{};  // the end of what was done last
    operations waiting_{};
    operations unanswered_{};  // of a context that is being destroyed
    bool stopping_ = false;
    bool halted_ = false;
    std::thread thread_{};
};

}  // namespace cofila::store
