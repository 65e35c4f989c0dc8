#pragma once
#include <cofila/repository/job_repository.hpp>

#include <cstdint>
#include <map>
#include <string>

#include "memory/stored_queue.hpp"

namespace cofila::memory {

/// See cofila/memory.hpp. Every operation does its work without suspending, which makes it atomic. What becomes of a
/// job is decided by lib/domain alone.
class repository final : public job_repository {
public:
    boost::asio::awaitable<add_answer> add(std::vector<job_draft> jobs) override;
    boost::asio::awaitable<add_answer> add_and_claim(job_draft job, time_point now, claim_order order) override;
    boost::asio::awaitable<settle_and_claim_answer> settle_and_claim(settle_and_claim_request request) override;
    boost::asio::awaitable<std::vector<renewal>> extend_locks(time_point now, std::vector<lock_extension> locks)
        override;
    boost::asio::awaitable<std::vector<std::optional<std::string>>> cancellations(std::vector<job_ref> locks) override;
    boost::asio::awaitable<fenced_write> update_progress(job_ref job, std::string progress) override;
    boost::asio::awaitable<fenced_write> update_data(job_ref job, std::string data) override;
    boost::asio::awaitable<fenced_write> add_log(job_ref job, log_line line, int keep) override;

    boost::asio::awaitable<void> set(std::string queue, queue_setting setting) override;
    boost::asio::awaitable<queue_settings> settings(std::string queue) override;
    boost::asio::awaitable<bool> set_paused(std::string queue, bool paused) override;
    boost::asio::awaitable<change_answer> change(std::string queue, job_id id, job_change change, time_point now)
        override;
    boost::asio::awaitable<changed_page> change_all(
        std::string queue, job_filter filter, page_request request, job_change change, time_point now
    ) override;
    boost::asio::awaitable<void> reset_queue(std::string queue) override;

    boost::asio::awaitable<sweep_answer> sweep(sweep_request request) override;
    boost::asio::awaitable<std::vector<lock_row>> locks() override;
    boost::asio::awaitable<void> register_worker(worker_row worker) override;
    boost::asio::awaitable<void> forget_worker(std::string id) override;
    boost::asio::awaitable<std::vector<worker_row>> workers() override;

    boost::asio::awaitable<std::optional<job_record>> get(std::string queue, job_id id) override;
    boost::asio::awaitable<page<job_snapshot>> list(std::string queue, job_filter filter, page_request request)
        override;
    boost::asio::awaitable<job_counts> counts(std::string queue) override;
    boost::asio::awaitable<std::vector<std::size_t>> counts_by_priority(std::string queue, std::vector<int> priorities)
        override;
    boost::asio::awaitable<std::optional<std::size_t>> position(std::string queue, job_id id) override;
    boost::asio::awaitable<std::optional<job_situation>> situation(std::string queue, job_id id, time_point now)
        override;
    boost::asio::awaitable<page<queue_info>> queues(page_request request) override;
    boost::asio::awaitable<page<log_line>> logs(std::string queue, job_id id, page_request request) override;
    boost::asio::awaitable<bool> is_paused(std::string queue) override;

    boost::asio::awaitable<event_log_state> event_log_of(std::string queue, std::string cursor) override;
    boost::asio::awaitable<std::vector<logged_event>> events_after(std::string queue, std::uint64_t after, int limit)
        override;
    boost::asio::awaitable<void> set_event_cursor(std::string queue, std::string name, std::optional<std::uint64_t> at)
        override;
    boost::asio::awaitable<queue_metrics> metrics(std::string queue, time_point now, metrics_range range) override;

    std::string location() const override { return {}; }
    boost::asio::awaitable<storage_status> tend() override;
    boost::asio::awaitable<change_news> changed_elsewhere(std::function<change_interest()> wanted, milliseconds pause)
        override;
    boost::asio::awaitable<void> close() override;

private:
    stored_queue& open_queue(const std::string& name);
    added_row add_one(const job_record& job, news_list& news);
    added_row add_owner(stored_queue& to, job_record job, news_list& news);
    void check_open() const;

    std::map<std::string, stored_queue> queues_{};
    std::map<std::string, worker_row> workers_{};  // by id
    std::int64_t last_key_ = 0;                    // counted over all queues: a sweep names jobs by key alone
    std::uint64_t logs_ = 0;                       // event logs that have begun
    bool closed_ = false;
};

}  // namespace cofila::memory
