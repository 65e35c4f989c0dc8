#include <utility>

#include "application/worker_core.hpp"

/// What the typed worker calls.
namespace cofila::detail {

namespace asio = boost::asio;

worker_ptr make_worker(queue_ptr queue, untyped_processor processor, worker_options options)
{
    return std::make_shared<worker_core>(std::move(queue), std::move(processor), std::move(options));
}

asio::awaitable<close_report> run(worker_ptr worker) { co_return co_await worker->run(); }

asio::awaitable<close_report> close(worker_ptr worker, std::optional<milliseconds> grace)
{
    co_return co_await worker->close(grace);
}

void stop(const worker_ptr& worker, std::optional<milliseconds> grace) { worker->stop(grace); }
void set_paused(const worker_ptr& worker, bool paused) { worker->set_paused(paused); }
void set_concurrency(const worker_ptr& worker, int concurrency) { worker->set_concurrency(concurrency); }
bool cancel_job(const worker_ptr& worker, const job_id& id, std::string why) { return worker->cancel_job(id, why); }
worker_events& events(const worker_ptr& worker) { return worker->hub->signals; }
const std::string& id(const worker_ptr& worker) { return worker->id; }
asio::any_io_executor executor(const worker_ptr& worker) { return worker->queue->ports->executor; }

}  // namespace cofila::detail
