#pragma once
#include <cofila/clock.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "ledger.hpp"
#include "scheduler.hpp"
#include "store/batch.hpp"
#include "store/database_port.hpp"

namespace cofila::sim {

/// The database thread of a process: batches of random sizes at random times, answered a random time later. What it
/// runs is production code with production's SQL, on the spot.
class simulated_port final : public store::database_port, public std::enable_shared_from_this<simulated_port> {
public:
    using make_runner = std::function<std::unique_ptr<store::batch_runner>()>;
    struct surroundings {
        scheduler& world;
        dice& chance;
        lane& thread;
        time shortest_delay{};
        time longest_delay{};
        std::shared_ptr<const clock> own_clock{};  ///< Of the process.
        bool writes = false;
        std::function<void()> submitted;  ///< Something is.
        std::function<void()> before_batch;
        std::function<void()> ran_in_vain;  ///< The write lock was taken for claims alone, and there was nothing.
        /// With what was done; `unknown`: those whose outcome is.
        std::function<void(std::vector<ledger::entry> done, std::vector<ledger::entry> unknown)> after_batch;
    };

    simulated_port(surroundings around, make_runner make);
    ~simulated_port() override;

    /// What the next operation is for.
    void announce(intent what) { next_ = std::move(what); }
    void submit(store::operation_ptr op) override;
    void stop() override;
    /// The process has died: nothing that was submitted is answered but with `errc::closed`. True: something had been
    /// done already.
    bool cut();

private:
    void plan();
    void run_batch();
    void run(std::size_t most);
    bool run_here(store::operation_ptr& op);
    void finish(std::vector<store::operation_ptr> done);
    std::size_t run_some(std::size_t most);
    std::size_t run_audited(std::size_t most);
    void open();
    void answer_later(std::vector<store::operation_ptr> done);
    void answer(std::vector<store::operation_ptr> done);
    void deliver();

    surroundings around_;
    make_runner make_;
    std::unique_ptr<store::batch_runner> runner_;
    intent next_{};
    std::vector<store::operation_ptr> waiting_{};
    std::deque<std::vector<store::operation_ptr>> done_{};
    bool planned_ = false;
    bool stopped_ = false;
    time answered_at_{};
};

}  // namespace cofila::sim
