#include <utility>

#include "worker/worker_core.hpp"

/// The functions that the typed worker calls.
namespace cofila::detail {

namespace asio = boost::asio;

worker_ptr make_worker(queue_ptr queue, untyped_processor processor, worker_options options)
{
    if (!processor)
        throw error{errc::invalid_argument, "processor", "must be a function"};
    return std::make_shared<worker_core>(std::move(queue), std::move(processor), std::move(options));
}

asio::awaitable<close_report> run(worker_ptr worker) { co_return co_await worker->run(); }

asio::awaitable<close_report> close(worker_ptr worker, std::optional<milliseconds> grace)
{
    co_return co_await worker->close(grace);
}

// If the loop has gone, so has the worker: nothing is left to do.

void stop(const worker_ptr& worker, std::optional<milliseconds> grace)
{
    loop_of(worker)->run([worker, grace] { worker->stop(grace); });
}

void set_paused(const worker_ptr& worker, bool paused)
{
    loop_of(worker)->run([worker, paused] { worker->set_paused(paused); });
}

void set_concurrency(const worker_ptr& worker, int concurrency)
{
    worker_core::check_concurrency(concurrency);
    loop_of(worker)->run([worker, concurrency] { worker->set_concurrency(concurrency); });
}

bool cancel_job(const worker_ptr& worker, const job_id& id, std::string why)
{
    if (loop_of(worker)->is_current())
        return worker->cancel_job(id, why);
    return worker->holds(id) &&
           loop_of(worker)->post([worker, id, why = std::move(why)] { worker->cancel_job(id, why); });
}

std::size_t cancel_all(const worker_ptr& worker, std::string why)
{
    if (loop_of(worker)->is_current())
        return worker->cancel_all(why);
    const auto held = worker->count_held();
    const bool reached = loop_of(worker)->post([worker, why = std::move(why)] { worker->cancel_all(why); });
    return reached ? held : 0;
}

worker_events& events(const worker_ptr& worker) { return worker->hub->signals; }
const std::string& id(const worker_ptr& worker) { return worker->id; }
const loop_ptr& loop_of(const worker_ptr& worker) { return worker->queue->ports->loop; }

}  // namespace cofila::detail
