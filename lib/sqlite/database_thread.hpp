#pragma once
#include <boost/asio/any_io_executor.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "sqlite/batch.hpp"
#include "sqlite/database_port.hpp"

namespace cofila::sqlite {

class thread_registry;

/// A thread that owns a connection and does what is submitted, in batches: while one is committed the next one gathers.
/// Without work it sleeps.
class database_thread final : public database_port {
public:
    using make_runner = std::function<std::unique_ptr<batch_runner>()>;

    /// `context`: of the loop that answers go to; when it is destroyed, this thread ends first. `clock`: for the
    /// pauses.
    database_thread(boost::asio::execution_context& context, std::shared_ptr<cofila::clock> clock, make_runner make);
    ~database_thread() override;

    void submit(operation_ptr what) override;
    void stop() override;

private:
    friend class thread_registry;
    using operations = std::vector<operation_ptr>;

    void loop(make_runner make);
    bool wait_for_work();
    void answer(operations done);
    void give_way(steady_time& busy_since);
    /// As `stop`, but what was not answered yet never is.
    void halt();
    void join();

    const std::shared_ptr<cofila::clock> clock_;
    std::shared_ptr<thread_registry> registry_;
    std::mutex mutex_{};
    std::condition_variable wake_{};
    operations waiting_{};
    operations unanswered_{};  // of a context that is being destroyed
    bool stopping_ = false;
    bool halted_ = false;
    std::thread thread_{};
};

}  // namespace cofila::sqlite
