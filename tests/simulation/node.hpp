#pragma once
#include <cofila/cofila.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine_core.hpp"
#include "executor.hpp"
#include "node_clock.hpp"
#include "simulated_port.hpp"
#include "sqlite/change_watch.hpp"
#include "world.hpp"

namespace cofila::sim {

class simulated_watch;

/// What failed is tried again after this.
inline constexpr time before_next_try = std::chrono::milliseconds{100};

/// One process: an engine with its queues, its own connections and clock, and coroutines that use it. It may be
/// stopped, and it may die; then another one takes its place.
class node : public std::enable_shared_from_this<node> {
public:
    /// `place`: what it does here, its successors do after it.
    node(world& of, int number, int place);
    node(const node&) = delete;
    node& operator=(const node&) = delete;
    ~node();

    void start();
    void stop_for(time length);
    /// Its requests wait in front of the file.
    void hold_up_for(time length) { around.time_line.hold(database_, length); }
    /// The process is killed. What it had in memory is wound up without any effect on the store.
    void crash();
    /// Closes the engine as a program does that ends.
    void close();
    bool is_closed() const noexcept { return closed_; }
    bool is_open() const noexcept { return open_ && !leaving_ && !dead_; }
    bool is_leaving() const noexcept { return leaving_; }
    bool is_dead() const noexcept { return dead_; }
    bool is_stopped() const;
    /// Nothing of it is left: no handler, no sleeper, no coroutine.
    bool is_gone() const;

    // For the coroutines that live here.
    using job_queue = queue<std::string, std::string>;
    world& around;
    const int number;
    const int place;
    bool serves(std::size_t queue) const { return around.chosen.serves(place, queue); }
    /// Nobody here adds, looks after anything, or fails on purpose.
    bool only_waits() const { return around.chosen.is_of_crowd(place); }
    node_clock& clock() { return *clock_; }
    dice& chance() { return around.chance; }
    const std::vector<job_queue>& queues() const noexcept { return queues_; }
    boost::asio::any_io_executor executor() { return sim::executor{loop_}; }
    boost::asio::any_io_executor pool() { return sim::executor{pool_}; }
    /// Whether there is to be new work.
    bool is_busy() const noexcept { return is_open() && !around.peaceful; }
    boost::asio::awaitable<void> sleep(time length);
    /// Runs until it ends, which must not be by an exception.
    void spawn(boost::asio::awaitable<void> work) { spawn_on(executor(), std::move(work)); }
    /// The same, perhaps on an executor that is not the engine's.
    void spawn_caller(boost::asio::awaitable<void> work);
    /// I25: what runs now is a handler of this executor.
    void expect_on(const boost::asio::any_io_executor& where, const char* what) const;
    void expect_on_loop(const char* what) const;
    /// As another handler of the process's loop.
    void in_loop(task work)
    {
        if (!dead_)
            loop_.push(std::move(work));
    }
    void step_wall(time by) { clock_->step_wall(by); }
    /// Somebody has written to the log.
    void log_written();

private:
    void spawn_on(boost::asio::any_io_executor where, boost::asio::awaitable<void> work);
    boost::asio::awaitable<void> live();
    boost::asio::awaitable<void> shut_down();
    std::shared_ptr<simulated_port> make_port(bool writes);
    void before_batch();
    void ran_in_vain();
    void after_batch(const std::vector<ledger::entry>& done, const std::vector<ledger::entry>& unknown);
    boost::asio::awaitable<bool> open_store();
    void open_engine(std::shared_ptr<job_repository> repository);
    void hire_clients();
    void drop_connections();
    void leave_machine();

    lane loop_{};
    lane database_{};
    lane pool_{};
    lane elsewhere_{};
    const std::array<lane*, 4> lanes_{&loop_, &database_, &pool_, &elsewhere_};
    std::shared_ptr<node_clock> clock_;
    std::shared_ptr<simulated_port> writer_{};
    std::shared_ptr<simulated_port> reader_{};
    std::shared_ptr<simulated_watch> watch_{};
    std::shared_ptr<sqlite::change_watch> changes_{};
    std::shared_ptr<detail::engine_core> engine_{};
    std::weak_ptr<detail::engine_core> trace_{};
    std::vector<job_queue> queues_{};
    int coroutines_ = 0;
    bool open_ = false;
    bool leaving_ = false;
    bool closed_ = false;
    bool dead_ = false;
    bool log_news_ = false;  // the system will notify of a write
    bool file_was_busy_ = false;
    bool disk_will_fail_ = false;
    time batch_began_{};
    bool must_reopen_ = false;
};

}  // namespace cofila::sim
