#include <cofila/codec.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
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

/// What a write has found out about the job beside.
void heed(job_handle& handle, const fenced_write& write)
{
    if (!write.stored)
        throw error{
            errc::lock_lost,
            "job '" + handle.job->id.str() + "' is locked by another or has been removed; nothing was changed"
        };
    if (!write.cancelled || handle.job->cancelled)
        return;
    auto told = std::make_shared<job_record>(*handle.job);
    told->cancelled = write.cancelled;
    handle.job = std::move(told);
    handle.queue->ask_to_end(handle.job->id, *write.cancelled);
}

asio::awaitable<void> update_progress_here(job_ptr job, std::string progress)
{
    auto& queue = *job->queue;
    queue.check_open();
    const auto write = co_await queue.ports->repository->update_progress(queue.name, ref(*job), progress);
    heed(*job, write);
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
    const auto write = co_await queue.ports->repository->update_data(queue.name, ref(*job), data);
    heed(*job, write);
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
    const auto write = co_await queue.ports->repository->add_log(queue.name, ref(*job), std::move(line), keep);
    heed(*job, write);
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

void throw_if_asked_to_end(cancel_reason reason)
{
    if (reason != cancel_reason::none)
        throw boost::system::system_error{asio::error::operation_aborted};
}

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
