#include <cofila/codec.hpp>
#include <cofila/detail/on_loop.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "domain/json_text.hpp"
#include "domain/text.hpp"
#include "queue/queue_core.hpp"

/// The operations of a job handle. The handle may be used on any executor, and its operations run on the loop, which
/// never sees it: values go there, and results are put into the handle on the caller's executor.
namespace cofila::detail {

namespace asio = boost::asio;

namespace {

job_ref ref(const job_handle& handle)
{
    const auto& job = *handle.job;
    return {.queue = job.queue, .id = job.id, .key = job.key, .token = handle.token};
}

/// What a write has learned about the job, on the loop: returns why the job was asked to end, if it was.
std::optional<std::string> heed(queue_core& queue, const job_id& id, const fenced_write& write)
{
    if (!write.stored)
        throw error{
            errc::lock_lost, "job '" + id.str() + "' is locked by another or has been removed; nothing was changed"
        };
    if (write.cancelled)
        queue.ask_to_end(id, *write.cancelled);
    return write.cancelled;
}

/// The same on the caller's executor.
void note(job_handle& handle, std::optional<std::string> cancelled)
{
    if (!cancelled || handle.job->cancelled)
        return;
    auto told = std::make_shared<job_record>(*handle.job);
    told->cancelled = std::move(cancelled);
    handle.job = std::move(told);
}

asio::awaitable<std::optional<std::string>> store_progress(queue_ptr queue, job_ref job, std::string progress)
{
    queue->check_open();
    const auto write = co_await queue->ports->repository->update_progress(job, progress);
    auto news = heed(*queue, job.id, write);
    if (!queue->hub->heard(&queue_events::progress))
        queue->hub->wake_watchers();
    else
        queue->hub->emit(&queue_events::progress, progress_event{.id = job.id, .progress = parse_payload(progress)});
    co_return news;
}

asio::awaitable<std::optional<std::string>> store_data(queue_ptr queue, job_ref job, std::string data)
{
    queue->check_open();
    const auto write = co_await queue->ports->repository->update_data(job, std::move(data));
    co_return heed(*queue, job.id, write);
}

asio::awaitable<std::optional<std::string>> store_log(queue_ptr queue, job_ref job, std::string text, int keep)
{
    queue->check_open();
    log_line line{.at = queue->ports->time->wall_now(), .text = text};
    const auto write = co_await queue->ports->repository->add_log(job, std::move(line), keep);
    auto news = heed(*queue, job.id, write);
    queue->hub->emit(&queue_events::log, log_event{.id = job.id, .line = std::move(text)});
    co_return news;
}

asio::awaitable<void> store_removal(queue_ptr queue, job_id id)
{
    const bool removed = co_await remove(queue, id);
    if (!removed)
        throw error{errc::not_found, "job '" + id.str() + "' has been removed already"};
}

void take(job_handle& job, job_snapshot now)
{
    if (!now)  // removed by its retention
        return job.token.clear();
    job.job = std::move(now);
    if (job.job->state != job_state::active)
        job.token.clear();
}

}  // namespace

void throw_if_asked_to_end(cancel_reason reason)
{
    if (reason != cancel_reason::none)
        throw boost::system::system_error{asio::error::operation_aborted};
}

asio::awaitable<void> update_progress(job_ptr job, std::string progress)
{
    domain::check_json("progress", progress, job->queue->options().size_limit);
    note(*job, co_await at_home(job->queue, store_progress(job->queue, ref(*job), progress)));
    job->progress = std::move(progress);
}

asio::awaitable<void> add_log(job_ptr job, std::string line)
{
    const int keep = job->job->options->keep_logs.value_or(0);
    auto text = domain::storable_text(std::move(line));
    note(*job, co_await at_home(job->queue, store_log(job->queue, ref(*job), std::move(text), keep)));
}

asio::awaitable<void> refresh(job_ptr job)
{
    const auto now = co_await at_home(job->queue, get_job(job->queue, job->job->id));
    if (!now)
        throw error{errc::not_found, "job '" + job->job->id.str() + "' has been removed"};
    job->job = now->job;
    job->progress = now->progress;
}

asio::awaitable<void> update_data(job_ptr job, std::string data)
{
    domain::check_json("data", data, job->queue->options().size_limit);
    note(*job, co_await at_home(job->queue, store_data(job->queue, ref(*job), data)));
    auto written = std::make_shared<job_record>(*job->job);
    written->data = std::move(data);
    job->job = std::move(written);
}

asio::awaitable<void> change(job_ptr job, job_change what)
{
    auto now = co_await at_home(job->queue, change(job->queue, job->job->id, std::move(what)));
    take(*job, std::move(now));
}

asio::awaitable<std::string> wait_until_finished(job_ptr job, milliseconds timeout)
{
    return at_home(job->queue, wait_until_finished(job->queue, job->job->id, timeout));
}

asio::awaitable<void> remove(job_ptr job) { return at_home(job->queue, store_removal(job->queue, job->job->id)); }

}  // namespace cofila::detail
