#pragma once
#include <cofila/repository/job_repository.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/database_port.hpp"

namespace cofila::store {

/// The repository over two ports to the same store, one that writes and one that reads. The awaitables that it returns
/// hold what they need, and may outlive it. A backend adds what goes by no table.
class repository : public job_repository {
public:
    struct ports {
        std::shared_ptr<database_port> writer{};
        std::shared_ptr<database_port> reader{};
    };

    explicit repository(ports with) : with_{std::move(with)} {}

    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    awaitable<add_answer> add(std::vector<job_draft> jobs) override;
    awaitable<add_answer> add_and_claim(job_draft job, time_point now, claim_order order) override;
    awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) override;
    awaitable<std::vector<renewal>> extend_locks(time_point now, std::vector<lock_extension> locks) override;
    awaitable<std::vector<std::optional<std::string>>> cancellations(std::vector<job_ref> locks) override;
    awaitable<fenced_write> update_progress(job_ref job, std::string progress) override;
    awaitable<fenced_write> update_data(job_ref job, std::string data) override;
    awaitable<fenced_write> add_log(job_ref job, log_line line, int keep) override;
    awaitable<void> set(std::string queue, queue_setting setting) override;
    awaitable<queue_settings> settings(std::string queue) override;
    awaitable<bool> set_paused(std::string queue, bool paused) override;
    awaitable<change_answer> change(std::string queue, job_id id, job_change change, time_point now) override;
    awaitable<changed_page> change_all(
        std::string queue, job_filter filter, page_request request, job_change change, time_point now
    ) override;
    awaitable<void> reset_queue(std::string queue) override;
    awaitable<sweep_answer> sweep(sweep_request request) override;
    awaitable<std::vector<lock_row>> locks() override;
    awaitable<void> register_worker(worker_row worker) override;
    awaitable<void> forget_worker(std::string id) override;
    awaitable<std::vector<worker_row>> workers() override;
    awaitable<std::optional<job_record>> get(std::string queue, job_id id) override;
    awaitable<page<job_snapshot>> list(std::string queue, job_filter filter, page_request request) override;
    awaitable<job_counts> counts(std::string queue) override;
    awaitable<std::vector<std::size_t>> counts_by_priority(std::string queue, std::vector<int> priorities) override;
    awaitable<std::optional<std::size_t>> position(std::string queue, job_id id) override;
    awaitable<std::optional<job_situation>> situation(std::string queue, job_id id, time_point now) override;
    awaitable<page<queue_info>> queues(page_request request) override;
    awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) override;
    awaitable<bool> is_paused(std::string queue) override;
    awaitable<event_log_state> event_log_of(std::string queue, std::string cursor) override;
    awaitable<std::vector<logged_event>> events_after(std::string queue, std::uint64_t after, int limit) override;
    awaitable<void> set_event_cursor(std::string queue, std::string name, std::optional<std::uint64_t> place) override;
    awaitable<queue_metrics> metrics(std::string queue, time_point now, metrics_range range) override;

protected:
    /// Lets what was submitted be done, and stops both threads.
    static awaitable<void> close_ports(ports with);

    const ports with_;

private:
    template <auto Function, class... Values>
    auto write(Values... values);
    template <auto Function, class... Values>
    auto read(Values... values);
};

}  // namespace cofila::store
