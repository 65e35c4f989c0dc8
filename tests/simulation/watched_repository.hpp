#pragma once
#include <cofila/repository/job_repository.hpp>

#include <memory>
#include <string>

#include "intent.hpp"
#include "ledger.hpp"
#include "simulated_port.hpp"

namespace cofila::sim {

/// The real repository; on the way it says what each operation is for, and compares the answers with what is known to
/// have been stored.
class watched_repository final : public job_repository {
public:
    struct parts {
        std::shared_ptr<job_repository> inner{};
        std::shared_ptr<simulated_port> writer{};
        ledger* known = nullptr;
        int node = 0;
    };

    explicit watched_repository(parts with) : with_{std::move(with)} {}

    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    awaitable<add_answer> add(std::vector<job_snapshot> jobs) override;
    awaitable<add_answer> add_and_claim(job_snapshot job, time_point now, claim_order order) override;
    awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) override;
    awaitable<std::vector<renewal>> extend_locks(time_point now, std::vector<lock_extension> locks) override;
    awaitable<std::vector<std::optional<std::string>>> cancellations(std::vector<job_ref> locks) override
    {
        return with_.inner->cancellations(std::move(locks));
    }
    awaitable<fenced_write> update_progress(job_ref job, std::string progress) override;
    awaitable<fenced_write> add_log(job_ref job, log_line line, int keep) override;
    awaitable<bool> set_paused(std::string queue, bool paused) override;
    awaitable<fenced_write> update_data(job_ref job, std::string data) override
    {
        return with_.inner->update_data(std::move(job), std::move(data));
    }
    awaitable<change_answer> change(std::string queue, job_id id, job_change what, time_point now) override;
    awaitable<changed_page> change_all(
        std::string queue, job_filter filter, page_request request, job_change what, time_point now
    ) override
    {
        return with_.inner->change_all(std::move(queue), std::move(filter), std::move(request), std::move(what), now);
    }
    awaitable<void> reset_queue(std::string queue) override { return with_.inner->reset_queue(std::move(queue)); }
    awaitable<sweep_answer> sweep(sweep_request request) override;
    awaitable<std::vector<lock_row>> locks() override { return with_.inner->locks(); }
    awaitable<std::vector<worker_row>> workers() override { return with_.inner->workers(); }
    awaitable<void> register_worker(worker_row worker) override;
    awaitable<void> forget_worker(std::string id) override { return with_.inner->forget_worker(std::move(id)); }
    awaitable<std::optional<job_record>> get(std::string queue, job_id id) override
    {
        return with_.inner->get(std::move(queue), std::move(id));
    }
    awaitable<page<job_snapshot>> list(std::string queue, job_filter filter, page_request request) override
    {
        return with_.inner->list(std::move(queue), std::move(filter), std::move(request));
    }
    awaitable<job_counts> counts(std::string queue) override { return with_.inner->counts(std::move(queue)); }
    awaitable<std::vector<std::size_t>> counts_by_priority(std::string queue, std::vector<int> priorities) override
    {
        return with_.inner->counts_by_priority(std::move(queue), std::move(priorities));
    }
    awaitable<std::optional<std::size_t>> position(std::string queue, job_id id) override
    {
        return with_.inner->position(std::move(queue), std::move(id));
    }
    awaitable<page<queue_info>> queues(page_request request) override
    {
        return with_.inner->queues(std::move(request));
    }
    awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) override
    {
        return with_.inner->logs(std::move(queue), std::move(id), std::move(request));
    }
    awaitable<void> set_limit(std::string queue, queue_setting what) override;
    awaitable<queue_limits> limits(std::string queue) override { return with_.inner->limits(std::move(queue)); }
    awaitable<std::optional<job_situation>> situation(std::string queue, job_id id, time_point now) override
    {
        return with_.inner->situation(std::move(queue), std::move(id), now);
    }
    awaitable<bool> is_paused(std::string queue) override { return with_.inner->is_paused(std::move(queue)); }
    awaitable<event_log_state> event_log_of(std::string queue, std::string cursor) override
    {
        return with_.inner->event_log_of(std::move(queue), std::move(cursor));
    }
    awaitable<std::vector<logged_event>> events_after(std::string queue, std::uint64_t after, int limit) override
    {
        return with_.inner->events_after(std::move(queue), after, limit);
    }
    awaitable<void> set_event_cursor(std::string queue, std::string name, std::optional<std::uint64_t> place) override
    {
        return with_.inner->set_event_cursor(std::move(queue), std::move(name), place);
    }
    awaitable<queue_metrics> metrics(std::string queue, time_point now, metrics_range of) override
    {
        return with_.inner->metrics(std::move(queue), now, of);
    }
    awaitable<storage_status> tend() override { return with_.inner->tend(); }
    awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause) override
    {
        return with_.inner->changed_elsewhere(std::move(wanted), pause);
    }
    awaitable<void> close() override { return with_.inner->close(); }

private:
    /// `check` is given what was found and done, and the answer.
    template <class T, class Check>
    awaitable<T> asked(intent what, awaitable<T> work, Check check);
    awaitable<change_answer> moved(intent what, awaitable<change_answer> work);
    intent about(intent::kind what, const std::string& queue, const job_id& id) const;
    void check_added(const added_row& row) const;
    void check_settled(const settlement& what, settled answer) const;
    void check_claimed(const intent& what, const std::vector<job_snapshot>& jobs) const;

    const parts with_;
};

}  // namespace cofila::sim
