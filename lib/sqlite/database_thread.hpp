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
#include "sqlite/batch.hpp"
#include "sqlite/database_port.hpp"
#include "sqlite/loop_spin.hpp"

namespace cofila::sqlite {

/// A thread that owns a connection and runs what is submitted in batches: while one is committed, the next one gathers.
/// Without work it sleeps, except that it waits awake for a moment after each batch.
class database_thread final : public database_port, private context_user {
public:
    struct options {
        loop_ptr loop{};  ///< Where results go. When its context is destroyed, the thread ends first.
        std::shared_ptr<cofila::clock> clock{};      ///< Times the pauses.
        std::chrono::microseconds spin{};            ///< How long either side waits awake for the other.
        std::shared_ptr<std::atomic<bool>> hurry{};  ///< Set when the thread must end even if the file is busy.
    };
    using make_runner = std::function<std::unique_ptr<batch_runner>()>;

    /// In a child after fork() the thread does not exist, and SQLite knows nothing of its locks. There every submission
    /// fails with `errc::closed`, no thread can be started, and the object is never destroyed, since what the thread
    /// was in the middle of cannot be ended.
    static std::shared_ptr<database_thread> start(options chosen, make_runner make);

    database_thread(options chosen, make_runner make);
    /// As `stop`, but does not wait for other processes that hold the file.
    ~database_thread() override;

    void submit(operation_ptr what) override;
    void stop() override;

private:
    using operations = std::vector<operation_ptr>;

    void loop(make_runner make);
    bool wait_for_work(steady_time& busy_since);
    void spin();
    void answer(operations done);
    void answer_on(const boost::asio::any_io_executor& executor, operations done);
    void give_way(steady_time& busy_since);
    void context_ends(remains& dropped) override;

    const options options_;
    std::shared_ptr<loop_spin> loop_spin_;
    domain::adaptive_spin rule_{};
    std::atomic<bool> news_{false};  // there is work, or the thread is to end
    std::mutex mutex_{};
    std::condition_variable wake_{};
    operations waiting_{};
    operations unanswered_{};  // of a context that is being destroyed
    bool stopping_ = false;
    bool halted_ = false;
    std::thread thread_{};
};

}  // namespace cofila::sqlite
