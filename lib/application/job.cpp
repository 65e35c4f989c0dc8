#include <cofila/codec.hpp>

#include <utility>

#include "application/loop_call.hpp"
#include "application/queue_core.hpp"
#include "domain/json_text.hpp"
#include "domain/text.hpp"

/// The operations of a job handle. The handle may be used off the loop; what these do is done on it.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

job_ref ref(const job_handle& handle) { return {.id = handle.job->id, .key = handle.job->key, .token = handle.token}; }

void require_lock(const job_handle& handle, bool stored)
{
    if (!stored)
        throw error{
            errc::lock_lost,
            "job '" + handle.job->id.str() + "' is locked by another or has been removed; nothing was changed"
        };
}

asio::awaitable<void> update_progress_here(job_ptr job, std::string progress)
{
    auto& queue = *job->queue;
    queue.check_open();
    const bool stored = co_await queue.ports->repository->update_progress(queue.name, ref(*job), progress);
    require_lock(*job, stored);
    if (!queue.hub->heard(&queue_events::progress))
        queue.hub->wake_watchers();
    else
        queue.hub->emit(
            &queue_events::progress, progress_event{.id = job->job->id, .progress = parse_payload(progress)}
        );
    job->progress = std::move(progress);
}

asio::awaitable<void> update_data_here(job_ptr job, std::string data)
{
    auto& queue = *job->queue;
    queue.check_open();
    const bool stored = co_await queue.ports->repository->update_data(queue.name, ref(*job), data);
    require_lock(*job, stored);
    auto written = std::make_shared<job_record>(*job->job);
    written->data = std::move(data);
    job->job = std::move(written);
}

asio::awaitable<void> add_log_here(job_ptr job, std::string text)
{
    auto& queue = *job->queue;
    queue.check_open();
    const int keep = job->job->options->keep_logs.value_or(0);
    log_line line{.at = queue.ports->time->wall_now(), .text = text};
    const bool stored = co_await queue.ports->repository->add_log(queue.name, ref(*job), std::move(line), keep);
    require_lock(*job, stored);
    queue.hub->emit(&queue_events::log, log_event{.id = job->job->id, .line = std::move(text)});
}

asio::awaitable<void> refresh_here(job_ptr job)
{
    const auto now = co_await get_job(job->queue, job->job->id);
    if (!now)
        throw error{errc::not_found, "job '" + job->job->id.str() + "' has been removed"};
    job->job = now->job;
    job->progress = now->progress;
}

asio::awaitable<void> take(job_ptr job, asio::awaitable<job_snapshot> change)
{
    const auto now = co_await std::move(change);
    if (!now)  // it went with its retention
        co_return job->token.clear();
    job->job = now;
    if (now->state != job_state::active)
        job->token.clear();
}

asio::awaitable<void> remove_here(job_ptr job)
{
    const bool removed = co_await remove(job->queue, job->job->id);
    if (!removed)
        throw error{errc::not_found, "job '" + job->job->id.str() + "' has been removed already"};
}

asio::awaitable<void> keep(std::shared_ptr<std::string> where, asio::awaitable<std::string> result)
{
    *where = co_await std::move(result);
}

asio::any_io_executor loop_of(const job_ptr& job) { return job->queue->ports->executor; }

}  // namespace

asio::awaitable<void> update_progress(job_ptr job, std::string progress)
{
    domain::check_json("progress", progress, job->queue->options.size_limit);
    co_await on_loop(loop_of(job), update_progress_here(job, std::move(progress)));
}

asio::awaitable<void> add_log(job_ptr job, std::string line)
{
    return on_loop(loop_of(job), add_log_here(job, domain::storable_text(std::move(line))));
}

asio::awaitable<void> refresh(job_ptr job) { return on_loop(loop_of(job), refresh_here(job)); }

asio::awaitable<void> update_data(job_ptr job, std::string data)
{
    domain::check_json("data", data, job->queue->options.size_limit);
    co_await on_loop(loop_of(job), update_data_here(job, std::move(data)));
}

asio::awaitable<void> change(job_ptr job, job_change what)
{
    return on_loop(loop_of(job), take(job, change(job->queue, job->job->id, std::move(what))));
}

asio::awaitable<std::string> wait_until_finished(job_ptr job, milliseconds timeout)
{
    const auto result = std::make_shared<std::string>();
    co_await on_loop(loop_of(job), keep(result, wait_until_finished(job->queue, job->job->id, timeout)));
    co_return std::move(*result);
}

asio::awaitable<void> remove(job_ptr job) { return on_loop(loop_of(job), remove_here(job)); }

}  // namespace cofila::detail
