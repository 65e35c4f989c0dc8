#include "simulated_port.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

#include "audited_operation.hpp"
#include "probes.hpp"

namespace cofila::sim {

namespace asio = boost::asio;

namespace {

const error is_closed{errc::closed, "the store has been closed"};

void note_failure(const error& why)
{
    reach_if(why.code() == errc::storage_busy, probe::refused_busy);
    reach_if(why.code() == errc::storage_full, probe::disk_full);
    reach_if(why.code() == errc::storage_readonly, probe::disk_failed);
}

bool ran_in_vain(const std::vector<store::operation_ptr>& batch)
{
    const auto of = [](const store::operation_ptr& op) -> const audited_operation& {
        return static_cast<const audited_operation&>(*op);
    };
    return std::ranges::all_of(batch, [&](const auto& what) { return of(what).wrote_nothing(); }) &&
           std::ranges::any_of(batch, [&](const auto& what) { return of(what).ran_in_vain(); });
}

}  // namespace

simulated_port::simulated_port(surroundings around, make_runner make)
    : around_{std::move(around)},
      make_{std::move(make)},
      runner_{make_()}
{}

simulated_port::~simulated_port() = default;

void simulated_port::submit(store::operation_ptr op)
{
    around_.submitted();
    auto asked = std::exchange(next_, {});
    if (around_.writes)
        op = std::make_unique<audited_operation>(std::move(op), std::move(asked));
    if (stopped_) {
        op->fail(is_closed);
        std::vector<store::operation_ptr> refused;
        refused.push_back(std::move(op));
        return answer(std::move(refused));
    }
    op->note_submitted(around_.own_clock->steady_now());
    if (run_here(op))
        return;
    waiting_.push_back(std::move(op));
    if (!planned_)
        plan();
}

/// As a thread at rest lends its connection. False: nothing was done, and the operation is left.
bool simulated_port::run_here(store::operation_ptr& op)
{
    if (!around_.writes || !op->is_short() || planned_ || !done_.empty() || !around_.chance.chance(500))
        return false;
    const auto batch = std::make_shared<batch_audit>(batch_audit{.own_clock = around_.own_clock});
    static_cast<audited_operation&>(*op).join(batch);
    around_.before_batch();
    if (!runner_->run_at_once(*op)) {
        around_.after_batch({}, {});
        return false;
    }
    reach(probe::done_at_once);
    std::vector<store::operation_ptr> done;
    done.push_back(std::move(op));
    finish(std::move(done));
    return true;
}

void simulated_port::plan()
{
    planned_ = true;
    const auto delay = around_.chance.any_length(around_.shortest_delay, around_.longest_delay);
    around_.world.at(around_.world.now() + delay, [self = weak_from_this()] {
        if (const auto port = self.lock(); port && !port->stopped_)
            port->around_.thread.push([self] {
                if (const auto still = self.lock(); still && !still->stopped_)
                    still->run_batch();
            });
    });
}

void simulated_port::run_batch()
{
    planned_ = false;
    const auto all = waiting_.size();
    const auto most = around_.chance.chance(700) ? all : 1 + around_.chance.below(all);
    run(most);
    reach_if(most < all, probe::batch_cut);
    if (!waiting_.empty())
        plan();
}

void simulated_port::run(std::size_t most)
{
    around_.before_batch();
    const auto count = static_cast<std::ptrdiff_t>(around_.writes ? run_audited(most) : run_some(most));
    std::vector<store::operation_ptr> done{
        std::move_iterator{waiting_.begin()}, std::move_iterator{waiting_.begin() + count}
    };
    waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    finish(std::move(done));
}

/// Tells what became of operations that have run, and answers them.
void simulated_port::finish(std::vector<store::operation_ptr> done)
{
    std::vector<ledger::entry> stored;
    std::vector<ledger::entry> unknown;
    if (around_.writes)
        for (const auto& what : done) {
            const auto& one = static_cast<const audited_operation&>(*what);
            reach_if(one.runs() > 1, probe::batch_ran_again);
            if (!one.failure())
                stored.push_back(one.entry());
            else if (one.failure()->code() == errc::outcome_unknown)
                unknown.push_back(one.entry());
            else
                note_failure(*one.failure());
        }
    reach_if(stored.size() >= 5, probe::batch_of_many);
    if (around_.writes && ran_in_vain(done))
        around_.ran_in_vain();
    around_.after_batch(std::move(stored), std::move(unknown));
    answer_later(std::move(done));
}

std::size_t simulated_port::run_some(std::size_t most) { return runner_->run(std::span{waiting_}.first(most)); }

std::size_t simulated_port::run_audited(std::size_t most)
{
    const auto batch = std::make_shared<batch_audit>(batch_audit{.own_clock = around_.own_clock});
    for (const auto& what : waiting_)
        static_cast<audited_operation&>(*what).join(batch);
    const capture here{batch->shared};
    auto begin = std::make_unique<begin_audit>(waiting_.front()->executor(), batch);
    const auto* const first = begin.get();
    waiting_.insert(waiting_.begin(), std::move(begin));
    const auto count = run_some(most + 1);
    std::erase_if(waiting_, [first](const auto& what) { return what.get() == first; });
    return count - 1;
}

void simulated_port::answer_later(std::vector<store::operation_ptr> done)
{
    const auto delay = around_.chance.any_length(around_.shortest_delay, around_.longest_delay);
    answered_at_ = std::max(answered_at_, around_.world.now() + delay);
    done_.push_back(std::move(done));
    around_.world.at(answered_at_, [self = weak_from_this()] {
        const auto port = self.lock();
        if (port && !port->done_.empty())
            asio::post(port->done_.front().front()->executor(), [self] {
                if (const auto still = self.lock())
                    still->deliver();
            });
    });
}

/// In the order of the commits, whatever order the loop runs its handlers in.
void simulated_port::deliver()
{
    if (done_.empty())
        return;
    auto batch = std::move(done_.front());
    done_.pop_front();
    for (const auto& what : batch)
        what->answer();
}

void simulated_port::answer(std::vector<store::operation_ptr> done)
{
    const auto executor = done.front()->executor();
    asio::post(executor, [batch = std::move(done)] {
        for (const auto& what : batch)
            what->answer();
    });
}

void simulated_port::stop()
{
    while (!waiting_.empty())
        run(waiting_.size());
    stopped_ = true;
    while (!done_.empty()) {
        answer(std::move(done_.front()));
        done_.pop_front();
    }
    runner_.reset();
}

bool simulated_port::cut()
{
    const bool done_before = !done_.empty();
    stopped_ = true;
    runner_.reset();
    done_.push_back(std::exchange(waiting_, {}));
    for (auto& batch : std::exchange(done_, {})) {
        for (const auto& what : batch)
            what->fail(is_closed);
        if (!batch.empty())
            answer(std::move(batch));
    }
    return done_before;
}

}  // namespace cofila::sim
