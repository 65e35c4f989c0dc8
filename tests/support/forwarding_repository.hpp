#pragma once
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

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
    set,
    settings,
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

/// Hands each operation on to another repository, by way of `Derived::through` where there is one.
template <class Derived>
class forwarding_repository : public job_repository {
public:
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    explicit forwarding_repository(std::shared_ptr<job_repository> inner) : inner_{std::move(inner)} {}

    /// The repository behind.
    job_repository& inner() { return *inner_; }

    awaitable<add_answer> add(std::vector<job_draft> jobs) override
    {
        return self().through(op::add, inner_->add(std::move(jobs)));
    }
    awaitable<add_answer> add_and_claim(job_draft job, time_point now, claim_order order) override
    {
        return self().through(op::add, inner_->add_and_claim(std::move(job), now, std::move(order)));
    }
    awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) override
    {
        return self().through(op::settle, inner_->settle_and_claim(std::move(request)));
    }
    awaitable<std::vector<renewal>> extend_locks(time_point now, std::vector<lock_extension> locks) override
    {
        return self().through(op::extend, inner_->extend_locks(now, std::move(locks)));
    }
    awaitable<std::vector<std::optional<std::string>>> cancellations(std::vector<job_ref> locks) override
    {
        return self().through(op::cancellations, inner_->cancellations(std::move(locks)));
    }
    awaitable<fenced_write> update_progress(job_ref job, std::string progress) override
    {
        return self().through(op::progress, inner_->update_progress(std::move(job), std::move(progress)));
    }
    awaitable<fenced_write> add_log(job_ref job, log_line line, int keep) override
    {
        return self().through(op::log, inner_->add_log(std::move(job), std::move(line), keep));
    }
    awaitable<void> set(std::string queue, queue_setting setting) override
    {
        return self().through(op::set, inner_->set(std::move(queue), setting));
    }
    awaitable<queue_settings> settings(std::string queue) override
    {
        return self().through(op::settings, inner_->settings(std::move(queue)));
    }
    awaitable<bool> set_paused(std::string queue, bool paused) override
    {
        return self().through(op::set_paused, inner_->set_paused(std::move(queue), paused));
    }
    awaitable<fenced_write> update_data(job_ref job, std::string data) override
    {
        return self().through(op::data, inner_->update_data(std::move(job), std::move(data)));
    }
    awaitable<change_answer> change(std::string queue, job_id id, job_change what, time_point now) override
    {
        const auto which = op_of(what);
        return self().through(which, inner_->change(std::move(queue), std::move(id), std::move(what), now));
    }
    awaitable<changed_page> change_all(
        std::string queue, job_filter filter, page_request request, job_change change, time_point now
    ) override
    {
        return self().through(
            op::change_all,
            inner_->change_all(std::move(queue), std::move(filter), std::move(request), std::move(change), now)
        );
    }
    awaitable<void> reset_queue(std::string queue) override
    {
        return self().through(op::reset, inner_->reset_queue(std::move(queue)));
    }
    awaitable<sweep_answer> sweep(sweep_request request) override
    {
        return self().through(op::sweep, inner_->sweep(std::move(request)));
    }
    awaitable<std::vector<lock_row>> locks() override { return self().through(op::locks, inner_->locks()); }
    awaitable<void> register_worker(worker_row worker) override
    {
        return self().through(op::register_worker, inner_->register_worker(std::move(worker)));
    }
    awaitable<void> forget_worker(std::string id) override
    {
        return self().through(op::forget_worker, inner_->forget_worker(std::move(id)));
    }
    awaitable<std::vector<worker_row>> workers() override { return self().through(op::workers, inner_->workers()); }
    awaitable<std::optional<job_record>> get(std::string queue, job_id id) override
    {
        return self().through(op::get, inner_->get(std::move(queue), std::move(id)));
    }
    awaitable<page<job_snapshot>> list(std::string queue, job_filter filter, page_request request) override
    {
        return self().through(op::list, inner_->list(std::move(queue), std::move(filter), std::move(request)));
    }
    awaitable<job_counts> counts(std::string queue) override
    {
        return self().through(op::counts, inner_->counts(std::move(queue)));
    }
    awaitable<std::vector<std::size_t>> counts_by_priority(std::string queue, std::vector<int> priorities) override
    {
        return self().through(op::counts, inner_->counts_by_priority(std::move(queue), std::move(priorities)));
    }
    awaitable<std::optional<std::size_t>> position(std::string queue, job_id id) override
    {
        return self().through(op::counts, inner_->position(std::move(queue), std::move(id)));
    }
    awaitable<std::optional<job_situation>> situation(std::string queue, job_id id, time_point now) override
    {
        return self().through(op::situation, inner_->situation(std::move(queue), std::move(id), now));
    }
    awaitable<page<queue_info>> queues(page_request request) override
    {
        return self().through(op::queues, inner_->queues(std::move(request)));
    }
    awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) override
    {
        return self().through(op::logs, inner_->logs(std::move(queue), std::move(id), std::move(request)));
    }
    awaitable<bool> is_paused(std::string queue) override
    {
        return self().through(op::is_paused, inner_->is_paused(std::move(queue)));
    }
    awaitable<event_log_state> event_log_of(std::string queue, std::string cursor) override
    {
        return self().through(op::event_log, inner_->event_log_of(std::move(queue), std::move(cursor)));
    }
    awaitable<std::vector<logged_event>> events_after(std::string queue, std::uint64_t after, int limit) override
    {
        return self().through(op::events, inner_->events_after(std::move(queue), after, limit));
    }
    awaitable<void> set_event_cursor(std::string queue, std::string name, std::optional<std::uint64_t> place) override
    {
        return self().through(op::set_cursor, inner_->set_event_cursor(std::move(queue), std::move(name), place));
    }
    awaitable<queue_metrics> metrics(std::string queue, time_point now, metrics_range range) override
    {
        return self().through(op::metrics, inner_->metrics(std::move(queue), now, range));
    }
    std::string location() const override { return inner_->location(); }
    awaitable<storage_status> tend() override { return self().through(op::tend, inner_->tend()); }
    awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause) override
    {
        const auto which = pause == milliseconds{} ? op::changed : op::changed_in_no_hurry;
        return self().through(which, inner_->changed_elsewhere(std::move(wanted), pause));
    }
    awaitable<void> close() override { return self().through(op::close, inner_->close()); }

protected:
    template <class T>
    static awaitable<T> through(op, awaitable<T> operation)
    {
        return operation;
    }

private:
    Derived& self() { return static_cast<Derived&>(*this); }

    static op op_of(const job_change& what)
    {
        if (std::holds_alternative<removal>(what))
            return op::remove;
        if (std::holds_alternative<retrial>(what))
            return op::retry;
        return std::holds_alternative<promotion>(what) ? op::promote : op::change;
    }

    const std::shared_ptr<job_repository> inner_;
};

}  // namespace cofila::test
