#pragma once
#include <cofila/cancel_reason.hpp>
#include <cofila/clock.hpp>
#include <cofila/decoding.hpp>
#include <cofila/detail/on_loop.hpp>
#include <cofila/limits.hpp>
#include <cofila/metrics.hpp>
#include <cofila/outcome.hpp>
#include <cofila/queue_types.hpp>
#include <cofila/repository/job_change.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/why.hpp>
#include <cofila/worker_options.hpp>

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What the typed templates are built on: compiled functions over JSON text. Not part of the interface. The awaitables
/// of a queue or a worker must run on its loop: the templates call them through `at_home`. Those of a job or a stream
/// may be awaited anywhere.
namespace cofila {

struct queue_events;
struct worker_events;
struct close_report;
struct stream_event;
struct stream_options;

namespace detail {

namespace asio = boost::asio;

class queue_core;
class worker_core;
class stream_core;
using queue_ptr = std::shared_ptr<queue_core>;
using worker_ptr = std::shared_ptr<worker_core>;
using stream_ptr = std::shared_ptr<stream_core>;

/// The state that the copies of a job handle share. Only the caller touches it, one thread at a time, and never the
/// loop.
struct job_handle {
    queue_ptr queue{};
    job_snapshot job{};
    std::string token{};     ///< Token of the lock for a claimed job; otherwise empty.
    std::string progress{};  ///< JSON text; newer than the snapshot's.
    std::shared_ptr<const std::atomic<cancel_reason>> asked_to_end{};  ///< Null unless a processor has this handle.
    /// True once `complete_in` has completed it, in a transaction of which only the store knows whether it was
    /// committed.
    bool completed_within = false;
};
using job_ptr = std::shared_ptr<job_handle>;

struct add_outcome {
    job_ptr job{};
    bool duplicate = false;
    std::optional<job_id> deduplicated_by{};
};

const loop_ptr& loop_of(const queue_ptr& queue);
const loop_ptr& loop_of(const worker_ptr& worker);
/// Whether the calling coroutine, which belongs to `where`, is there already.
template <class Core>
bool is_at_home(const Core& core, const asio::any_io_executor& where)
{
    return is_here(*loop_of(core), where);
}
/// Runs `work` as `on_loop` does, for what belongs to a queue, a worker or an engine.
template <class Core, class T>
asio::awaitable<T> at_home(const Core& core, asio::awaitable<T> work)
{
    return on_loop(loop_of(core), std::move(work));
}

asio::awaitable<add_outcome> add(queue_ptr queue, job_spec<std::string> spec);
asio::awaitable<std::vector<added>> add_bulk(queue_ptr queue, std::vector<job_spec<std::string>> specs);
asio::awaitable<job_ptr> get_job(queue_ptr queue, job_id id);
asio::awaitable<page<job_ptr>> get_jobs(queue_ptr queue, job_filter filter, page_request request);
asio::awaitable<job_counts> get_job_counts(queue_ptr queue);
asio::awaitable<page<log_line>> get_job_logs(queue_ptr queue, job_id id, page_request request);
asio::awaitable<void> set_paused(queue_ptr queue, bool paused);
asio::awaitable<bool> is_paused(queue_ptr queue);
asio::awaitable<std::vector<std::size_t>> get_counts_per_priority(queue_ptr queue, std::vector<int> priorities);
asio::awaitable<std::optional<std::size_t>> get_position(queue_ptr queue, job_id id);
asio::awaitable<void> set(queue_ptr queue, queue_setting setting);
asio::awaitable<queue_settings> get_settings(queue_ptr queue);
stream_ptr make_stream(queue_ptr queue, stream_options options);
asio::awaitable<void> open(stream_ptr stream);
asio::awaitable<stream_event> next(stream_ptr stream);
asio::awaitable<void> save(stream_ptr stream);
asio::awaitable<void> remove_cursor(queue_ptr queue, std::string name);
asio::awaitable<queue_metrics> get_metrics(queue_ptr queue, metrics_range range);
asio::awaitable<why_answer> why(queue_ptr queue, job_id id);
/// Returns the text of the result.
asio::awaitable<std::string> wait_until_finished(queue_ptr queue, job_id id, milliseconds timeout);
asio::awaitable<bool> remove(queue_ptr queue, job_id id);
/// Throws `errc::not_found`, `errc::wrong_state`.
asio::awaitable<job_snapshot> change(queue_ptr queue, job_id id, job_change change);
asio::awaitable<std::size_t> drain(queue_ptr queue, bool including_delayed, progress_callback progress);
asio::awaitable<std::size_t> clean(queue_ptr queue, clean_request request);
asio::awaitable<std::size_t> retry_all(queue_ptr queue, retry_request request);
asio::awaitable<std::size_t> promote_all(queue_ptr queue, progress_callback progress);
asio::awaitable<void> obliterate(queue_ptr queue, bool force, progress_callback progress);
asio::awaitable<std::vector<job_ptr>> fetch_next_and_lock(queue_ptr queue, claim_request request);
asio::awaitable<void> complete(queue_ptr queue, claim held, std::string result);
asio::awaitable<void> fail(queue_ptr queue, claim held, failure why);
asio::awaitable<void> release(queue_ptr queue, claim held);
asio::awaitable<void> extend_lock(queue_ptr queue, claim held, milliseconds duration);
asio::awaitable<void> close(queue_ptr queue);
/// These functions, and all that are not awaited, may be called on any thread.
void start_maintenance(const queue_ptr& queue);
queue_events& events(const queue_ptr& queue);
const std::string& name(const queue_ptr& queue);
decoding how_to_decode(const queue_ptr& queue);

/// Throws `operation_aborted` unless `reason` is `none`.
void throw_if_asked_to_end(cancel_reason reason);
asio::awaitable<void> update_progress(job_ptr job, std::string progress);
asio::awaitable<void> add_log(job_ptr job, std::string line);
asio::awaitable<void> refresh(job_ptr job);
asio::awaitable<void> update_data(job_ptr job, std::string data);
asio::awaitable<void> change(job_ptr job, job_change change);
asio::awaitable<std::string> wait_until_finished(job_ptr job, milliseconds timeout);
asio::awaitable<void> remove(job_ptr job);

/// What a processor returned: the text of its result, or when to try again.
using processed = outcome<std::string>;
using untyped_processor = std::function<asio::awaitable<processed>(job_ptr)>;

worker_ptr make_worker(queue_ptr queue, untyped_processor processor, worker_options options);
asio::awaitable<close_report> run(worker_ptr worker);
asio::awaitable<close_report> close(worker_ptr worker, std::optional<milliseconds> grace);
void stop(const worker_ptr& worker, std::optional<milliseconds> grace);
void set_paused(const worker_ptr& worker, bool paused);
void set_concurrency(const worker_ptr& worker, int concurrency);
bool cancel_job(const worker_ptr& worker, const job_id& id, std::string why);
std::size_t cancel_all(const worker_ptr& worker, std::string why);
worker_events& events(const worker_ptr& worker);
const std::string& id(const worker_ptr& worker);

}  // namespace detail
}  // namespace cofila
