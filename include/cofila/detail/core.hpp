#pragma once
#include <cofila/clock.hpp>
#include <cofila/job_record.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/worker_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What the typed templates stand on: compiled functions over JSON text. Not part of the interface.
namespace cofila {

struct queue_events;
struct worker_events;
struct close_report;

namespace detail {

namespace asio = boost::asio;

class queue_core;
class worker_core;
using queue_ptr = std::shared_ptr<queue_core>;
using worker_ptr = std::shared_ptr<worker_core>;

/// What the copies of a job handle share. Only the coroutine that uses the handle touches it.
struct job_handle {
    queue_ptr queue{};
    job_snapshot job{};
    std::string token{};                                   ///< Of the lock, for a job that was claimed; else empty.
    std::string progress{};                                ///< JSON text; newer than the snapshot's.
    std::shared_ptr<const std::atomic<bool>> cancelled{};  ///< Null: nobody runs it.
};
using job_ptr = std::shared_ptr<job_handle>;

struct add_outcome {
    job_ptr job{};
    bool duplicate = false;
};

asio::awaitable<add_outcome> add(queue_ptr queue, job_spec<std::string> spec);
asio::awaitable<std::vector<added>> add_bulk(queue_ptr queue, std::vector<job_spec<std::string>> specs);
asio::awaitable<job_ptr> get_job(queue_ptr queue, job_id id);
asio::awaitable<page<job_ptr>> get_jobs(queue_ptr queue, job_filter filter, page_request request);
asio::awaitable<job_counts> get_job_counts(queue_ptr queue);
asio::awaitable<page<log_line>> get_job_logs(queue_ptr queue, job_id id, page_request request);
asio::awaitable<void> set_paused(queue_ptr queue, bool paused);
asio::awaitable<bool> is_paused(queue_ptr queue);
asio::awaitable<bool> remove(queue_ptr queue, job_id id);
asio::awaitable<job_snapshot> retry(queue_ptr queue, job_id id, retry_options options);
asio::awaitable<job_snapshot> promote(queue_ptr queue, job_id id);
asio::awaitable<std::vector<job_ptr>> fetch_next_and_lock(queue_ptr queue, claim_request request);
asio::awaitable<void> complete(queue_ptr queue, claim held, std::string result);
asio::awaitable<void> fail(queue_ptr queue, claim held, failure why);
asio::awaitable<void> extend_lock(queue_ptr queue, claim held, milliseconds duration);
asio::awaitable<void> close(queue_ptr queue);
void start_maintenance(const queue_ptr& queue);
queue_events& events(const queue_ptr& queue);
const std::string& name(const queue_ptr& queue);

asio::awaitable<void> update_progress(job_ptr job, std::string progress);
asio::awaitable<void> add_log(job_ptr job, std::string line);
asio::awaitable<void> refresh(job_ptr job);
asio::awaitable<void> promote(job_ptr job);
asio::awaitable<void> retry(job_ptr job, retry_options options);
asio::awaitable<void> remove(job_ptr job);

using untyped_processor = std::function<asio::awaitable<std::string>(job_ptr)>;

worker_ptr make_worker(queue_ptr queue, untyped_processor processor, worker_options options);
asio::awaitable<close_report> run(worker_ptr worker);
asio::awaitable<close_report> close(worker_ptr worker, std::optional<milliseconds> grace);
void stop(const worker_ptr& worker, std::optional<milliseconds> grace);
void set_paused(const worker_ptr& worker, bool paused);
void set_concurrency(const worker_ptr& worker, int concurrency);
worker_events& events(const worker_ptr& worker);
const std::string& id(const worker_ptr& worker);
asio::any_io_executor executor(const worker_ptr& worker);

}  // namespace detail
}  // namespace cofila
