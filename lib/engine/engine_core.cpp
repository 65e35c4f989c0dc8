#include "engine/engine_core.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "application/worker_core.hpp"
#include "domain/text.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

engine_core::engine_core(std::shared_ptr<runtime> ports)
    : ports_{std::move(ports)},
      listener_{
          ports_,
          {.anyone_idle = [this] { return any_queue(&queue_core::anyone_idle); },
           .anyone_busy = [this] { return any_queue(&queue_core::anyone_busy); },
           .tell_all =
               [this] {
                   for (const auto& [name, queue] : queues_)
                       queue->changed_elsewhere();
               },
           .failed = [this](const std::exception_ptr& error) { report(error); }}
      },
      sweeping_{ports_->executor},
      listening_{ports_->executor}
{}

void engine_core::start(const std::optional<maintenance_options>& options)
{
    listening_.spawn(listener_.run(), shared_from_this());
    if (options)
        ask_for_maintenance(*options);
}

queue_ptr engine_core::open_queue(std::string name, std::optional<queue_options> options)
{
    if (closed_)
        throw error{errc::closed, "the engine has been closed"};
    if (const auto known = queues_.find(name); known != queues_.end() && !known->second->is_closed()) {
        if (options && *options != known->second->options)
            throw error{
                errc::invalid_argument, "options", "differ from those with which queue '" + name + "' was opened first"
            };
        return known->second;
    }
    auto queue = std::make_shared<queue_core>(ports_, name, options.value_or(queue_options{}));
    // The queue may outlive the engine, so it holds it weakly.
    queue->start_maintenance = [self = weak_from_this(), weak = std::weak_ptr{queue}] {
        const auto engine = self.lock();
        const auto asking = weak.lock();
        if (!engine || !asking || asking->stop_maintenance)
            return;
        engine->ask_for_maintenance({});
        asking->stop_maintenance = [self] {
            if (const auto still = self.lock())
                still->take_back_maintenance();
        };
    };
    queues_.insert_or_assign(std::move(name), queue);
    return queue;
}

asio::awaitable<void> engine_core::close()
{
    closed_ = true;
    std::vector<queue_ptr> queues;
    for (const auto& [name, queue] : queues_)
        queues.push_back(queue);
    for (const auto& queue : queues)
        for (auto* worker : queue->workers())
            worker->stop({});  // all at once, so that their graces run side by side
    // A processor may use other queues too, so that none is closed before the last worker.
    for (const auto& queue : queues)
        co_await close_workers(queue);
    for (const auto& queue : queues)
        co_await detail::close(queue);
    sweeping_.cancel();
    listening_.cancel();
    co_await sweeping_.join();
    co_await listening_.join();
    co_await ports_->repository->close();
}

void engine_core::abandon()
{
    closed_ = true;
    for (const auto& [name, queue] : queues_) {
        queue->mark_closed();
        for (auto* worker : queue->workers())
            worker->stop(milliseconds{0});
    }
    sweeping_.cancel();
    listening_.cancel();
}

queue_ptr engine_core::find_queue(const std::string& name) const
{
    const auto found = queues_.find(name);
    return found == queues_.end() || found->second->is_closed() ? nullptr : found->second;
}

bool engine_core::any_queue(bool (queue_core::*what)() const) const
{
    return std::ranges::any_of(queues_, [what](const auto& entry) { return (*entry.second.*what)(); });
}

void engine_core::report(const std::exception_ptr& error)
{
    const error_event event{.error = error, .text = describe_exception(error).message};
    ports_->log(queues_.empty() ? log_level::error : log_level::warning, domain::printable_text(event.text));
    for (const auto& [name, queue] : queues_)
        if (!queue->is_closed())
            queue->hub->emit(&queue_events::error, event);
}

void engine_core::ask_for_maintenance(const maintenance_options& options)
{
    if (++maintenance_asked_ > 1)
        return;
    // Each run has its own: one that was cancelled may still wait for the store while the next one begins.
    auto sweeps = std::make_shared<maintenance>(
        ports_,
        options,
        maintenance::surroundings{
            .find_queue = [self = shared_from_this()](const std::string& name) { return self->find_queue(name); },
            .failed = [self = shared_from_this()](const std::exception_ptr& error) { self->report(error); }
        }
    );
    auto run = sweeps->run();
    sweeping_.spawn(std::move(run), std::move(sweeps));
}

void engine_core::take_back_maintenance()
{
    if (--maintenance_asked_ == 0)
        sweeping_.cancel();
}

}  // namespace cofila::detail
