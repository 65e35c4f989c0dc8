#pragma once
#include <cofila/memory.hpp>
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "async/event.hpp"
#include "async/first_of.hpp"

namespace cofila::test {

/// The operations of the port.
enum class op {
    add,
    settle,
    extend,
    cancellations,
    progress,
    data,
    log,
    set_limit,
    limits,
    set_paused,
    remove,
    retry,
    promote,
    change,  // of another kind than these three
    change_all,
    reset,
    sweep,
    locks,
    register_worker,
    forget_worker,
    workers,
    get,
    list,
    counts,
    situation,
    queues,
    logs,
    is_paused,
    event_log,
    events,
    set_cursor,
    metrics,
    tend,
    changed,
    changed_in_no_hurry,
    close,
    end
};

/// A memory repository that counts its calls, and fails or keeps its callers waiting when a test says so.
class scripted_repository final : public job_repository {
public:
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    explicit scripted_repository(
        boost::asio::any_io_executor executor, std::shared_ptr<job_repository> inner = memory_repository()
    )
        : changes{executor},
          own_commits{executor},
          inner_{std::move(inner)},
          moved_{std::move(executor)}
    {}

    int calls(op which) const { return steps_[index(which)].calls; }
    /// How often it was asked to change something, since `prepared` where that was called.
    int writes() const
    {
        int all = 0;
        for (const auto which :
             {op::add,
              op::settle,
              op::extend,
              op::progress,
              op::data,
              op::log,
              op::set_limit,
              op::set_paused,
              op::remove,
              op::retry,
              op::promote,
              op::change,
              op::change_all,
              op::reset,
              op::set_cursor,
              op::sweep,
              op::register_worker,
              op::forget_worker})
            all += calls(which);
        return all - prepared_;
    }
    /// What a test needed to begin with is there.
    void prepared() { prepared_ += writes(); }
    /// How often it was asked for jobs.
    int claims() const { return claims_; }
    /// The settlements of the last call that had some.
    const std::vector<settlement>& last_settlements() const { return last_settlements_; }
    /// Of all calls together: how many were asked for, whatever the answer was.
    int settlements() const { return settlements_; }
    const std::optional<claim_order>& last_claim() const { return last_claim_; }

    /// The next `times` calls throw, and nothing is done.
    void fail(op which, int times = 1, errc code = errc::storage_busy)
    {
        steps_[index(which)].failures = times;
        steps_[index(which)].code = code;
    }
    /// The next call does what it was asked for, and throws.
    void lose_answer(op which, errc code)
    {
        steps_[index(which)].answers_lost = 1;
        steps_[index(which)].code = code;
    }
    /// Calls wait before anything is done, until `let_go`. As with a real store, a cancellation does not end that.
    void hold_before(op which) { steps_[index(which)].held_before = true; }
    /// What was asked for is done, but not answered until `let_go`.
    void hold_answer(op which) { steps_[index(which)].held_after = true; }
    void let_go(op which)
    {
        steps_[index(which)].held_before = steps_[index(which)].held_after = false;
        moved_.set();
    }
    /// So many calls wait.
    int held(op which) const { return steps_[index(which)].waiting; }

    /// The store itself, for what somebody else does to it.
    job_repository& inner() { return *inner_; }

    awaitable<add_answer> add(std::vector<job_snapshot> jobs) override
    {
        return through(op::add, inner_->add(std::move(jobs)));
    }
    awaitable<add_answer> add_and_claim(job_snapshot job, time_point now, claim_order order) override
    {
        ++claims_;
        last_claim_ = order;
        return through(op::add, inner_->add_and_claim(std::move(job), now, std::move(order)));
    }
    awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) override
    {
        claims_ += request.claim ? 1 : 0;
        if (request.claim)
            last_claim_ = request.claim;
        settlements_ += static_cast<int>(request.settlements.size());
        if (!request.settlements.empty())
            last_settlements_ = request.settlements;
        return through(op::settle, inner_->settle_and_claim(std::move(request)));
    }
    awaitable<std::vector<renewal>> extend_locks(time_point now, std::vector<lock_extension> locks) override
    {
        return through(op::extend, inner_->extend_locks(now, std::move(locks)));
    }
    awaitable<std::vector<std::optional<std::string>>> cancellations(std::vector<job_ref> locks) override
    {
        return through(op::cancellations, inner_->cancellations(std::move(locks)));
    }
    awaitable<fenced_write> update_progress(job_ref job, std::string progress) override
    {
        return through(op::progress, inner_->update_progress(std::move(job), std::move(progress)));
    }
    awaitable<fenced_write> add_log(job_ref job, log_line line, int keep) override
    {
        return through(op::log, inner_->add_log(std::move(job), std::move(line), keep));
    }
    awaitable<void> set_limit(std::string queue, queue_setting what) override
    {
        return through(op::set_limit, inner_->set_limit(std::move(queue), what));
    }
    awaitable<queue_limits> limits(std::string queue) override
    {
        return through(op::limits, inner_->limits(std::move(queue)));
    }
    awaitable<bool> set_paused(std::string queue, bool paused) override
    {
        return through(op::set_paused, inner_->set_paused(std::move(queue), paused));
    }
    awaitable<fenced_write> update_data(job_ref job, std::string data) override
    {
        return through(op::data, inner_->update_data(std::move(job), std::move(data)));
    }
    awaitable<change_answer> change(std::string queue, job_id id, job_change what, time_point now) override
    {
        const auto which = op_of(what);
        return through(which, inner_->change(std::move(queue), std::move(id), std::move(what), now));
    }
    awaitable<changed_page> change_all(
        std::string queue, job_filter filter, page_request request, job_change what, time_point now
    ) override
    {
        return through(
            op::change_all,
            inner_->change_all(std::move(queue), std::move(filter), std::move(request), std::move(what), now)
        );
    }
    awaitable<void> reset_queue(std::string queue) override
    {
        return through(op::reset, inner_->reset_queue(std::move(queue)));
    }
    awaitable<sweep_answer> sweep(sweep_request request) override
    {
        return through(op::sweep, inner_->sweep(std::move(request)));
    }
    awaitable<std::vector<lock_row>> locks() override { return through(op::locks, inner_->locks()); }
    awaitable<void> register_worker(worker_row worker) override
    {
        return through(op::register_worker, inner_->register_worker(std::move(worker)));
    }
    awaitable<void> forget_worker(std::string id) override
    {
        return through(op::forget_worker, inner_->forget_worker(std::move(id)));
    }
    awaitable<std::vector<worker_row>> workers() override { return through(op::workers, inner_->workers()); }
    awaitable<std::optional<job_record>> get(std::string queue, job_id id) override
    {
        return through(op::get, inner_->get(std::move(queue), std::move(id)));
    }
    awaitable<page<job_snapshot>> list(std::string queue, job_filter filter, page_request request) override
    {
        return through(op::list, inner_->list(std::move(queue), std::move(filter), std::move(request)));
    }
    awaitable<job_counts> counts(std::string queue) override
    {
        return through(op::counts, inner_->counts(std::move(queue)));
    }
    awaitable<std::vector<std::size_t>> counts_by_priority(std::string queue, std::vector<int> priorities) override
    {
        return through(op::counts, inner_->counts_by_priority(std::move(queue), std::move(priorities)));
    }
    awaitable<std::optional<std::size_t>> position(std::string queue, job_id id) override
    {
        return through(op::counts, inner_->position(std::move(queue), std::move(id)));
    }
    awaitable<std::optional<job_situation>> situation(std::string queue, job_id id, time_point now) override
    {
        return through(op::situation, inner_->situation(std::move(queue), std::move(id), now));
    }
    awaitable<page<queue_info>> queues(page_request request) override
    {
        return through(op::queues, inner_->queues(std::move(request)));
    }
    awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) override
    {
        return through(op::logs, inner_->logs(std::move(queue), std::move(id), std::move(request)));
    }
    awaitable<bool> is_paused(std::string queue) override
    {
        return through(op::is_paused, inner_->is_paused(std::move(queue)));
    }
    awaitable<event_log_state> event_log_of(std::string queue, std::string cursor) override
    {
        return through(op::event_log, inner_->event_log_of(std::move(queue), std::move(cursor)));
    }
    awaitable<std::vector<logged_event>> events_after(std::string queue, std::uint64_t after, int limit) override
    {
        return through(op::events, inner_->events_after(std::move(queue), after, limit));
    }
    awaitable<void> set_event_cursor(std::string queue, std::string name, std::optional<std::uint64_t> place) override
    {
        return through(op::set_cursor, inner_->set_event_cursor(std::move(queue), std::move(name), place));
    }
    awaitable<queue_metrics> metrics(std::string queue, time_point now, metrics_range of) override
    {
        return through(op::metrics, inner_->metrics(std::move(queue), now, of));
    }
    awaitable<storage_status> tend() override { return through(op::tend, tend_as(replaced)); }
    /// Somebody else changed the store: `changes.set()`. We did: `own_commits.set()`.
    awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause) override
    {
        const bool hurry = pause == milliseconds{};
        return through(
            hurry ? op::changed : op::changed_in_no_hurry,
            next_change(std::move(wanted), hurry ? &watching : &watching_in_no_hurry)
        );
    }
    awaitable<void> close() override { return through(op::close, inner_->close()); }

    bool replaced = false;  ///< What `tend` says of the file.
    event changes;
    event own_commits;
    int watching = 0;  ///< So many wait for changes.
    int watching_in_no_hurry = 0;

private:
    struct step {
        int calls = 0;
        int failures = 0;
        int answers_lost = 0;
        errc code{};
        bool held_before = false;
        bool held_after = false;
        int waiting = 0;
    };

    static op op_of(const job_change& what)
    {
        if (std::holds_alternative<removal>(what))
            return op::remove;
        if (std::holds_alternative<retrial>(what))
            return op::retry;
        return std::holds_alternative<promotion>(what) ? op::promote : op::change;
    }

    static std::size_t index(op which) { return static_cast<std::size_t>(which); }

    template <class T>
    awaitable<T> through(op which, awaitable<T> operation)
    {
        auto& at = steps_[index(which)];
        ++at.calls;
        co_await wait_while(at, at.held_before);
        if (at.failures > 0) {
            --at.failures;
            throw error{at.code, "scripted"};
        }
        if constexpr (std::is_void_v<T>) {
            co_await std::move(operation);
            co_await wait_while(at, at.held_after);
        } else {
            auto answer = co_await std::move(operation);
            co_await wait_while(at, at.held_after);
            if (at.answers_lost > 0) {
                --at.answers_lost;
                throw error{at.code, "scripted"};
            }
            co_return answer;
        }
    }

    awaitable<void> wait_while(step& at, const bool& held)
    {
        while (held) {
            ++at.waiting;
            co_await moved_.wait_uninterrupted([] {});
            --at.waiting;
        }
    }

    awaitable<change_news> next_change(std::function<change_interest()> wanted, int* watchers)
    {
        ++*watchers;
        struct leave {
            int* watchers;
            ~leave() { --*watchers; }
        } const at_end{watchers};
        bool changed = false;
        while (!changed && !wanted().nothing())
            changed = co_await first_of(changes.wait(), own_commits.wait());
        co_return change_news{.changed = changed};
    }

    static awaitable<storage_status> tend_as(bool replaced) { co_return storage_status{.replaced = replaced}; }

    const std::shared_ptr<job_repository> inner_;
    std::array<step, static_cast<std::size_t>(op::end)> steps_{};
    int prepared_ = 0;
    int claims_ = 0;
    int settlements_ = 0;
    std::vector<settlement> last_settlements_{};
    std::optional<claim_order> last_claim_{};
    event moved_;
};

}  // namespace cofila::test
