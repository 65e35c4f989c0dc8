// The composition root: it makes the queues, runs the commit listener and the maintenance, and closes everything in the
// right order. `open_queue` and `look_at` may be called on any thread, hence the mutex around the map; everything else
// is on the loop. The first opening with options fixes them for all handles of that name. `close` first stops all
// workers at once, so that their graces run side by side, then waits for them queue by queue, and only then closes any
// queue, because a processor may use others; then the tasks end, and last the repository. Each step may be repeated, so
// a `close` that was cancelled half-way can be called again. `abandon`, for a handle that is dropped, asks for the same
// and waits for nothing. What reaches across processes meets here: `wanted` collects what the waiting calls of all
// queues are interested in, and `tell` turns the news of a commit into as many wake-ups as there are jobs.
#include "engine/engine_core.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "domain/validation.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

engine_core::engine_core(std::shared_ptr<runtime> ports)
    : ports_{std::move(ports)},
      listener_{
          ports_,
          {.wanted = [this] { return wanted(); },
           .anyone_busy = [this] { return anyone_busy(); },
           .changed = [this](const change_news& news) { tell(news); },
           .failed = [this](const std::exception_ptr& error) { report(error); }}
      },
      sweeping_{ports_->loop},
      listening_{ports_->loop}
{}

void engine_core::start(const std::optional<maintenance_options>& options)
{
    listening_.spawn(listener_.run(), shared_from_this());
    if (options)
        ask_for_maintenance(*options);
}

queue_ptr engine_core::open_queue(std::string name, std::optional<queue_options> options)
{
    const std::lock_guard lock{opening_};
    auto queue = known_or_new(std::move(name));
    if (!queue->has_chosen())
        queue->choose(options.value_or(queue_options{}));
    else if (options && *options != queue->options())
        throw error{
            errc::invalid_argument,
            "options",
            "differ from those with which queue '" + queue->name + "' was opened first"
        };
    return queue;
}

queue_ptr engine_core::look_at(std::string name)
{
    const std::lock_guard lock{opening_};
    return known_or_new(std::move(name));
}

queue_ptr engine_core::known_or_new(std::string name)
{
    if (closed_)
        throw error{errc::closed, "the engine has been closed"};
    if (auto known = known_queue(name))
        return known;
    auto queue = std::make_shared<queue_core>(ports_, name);
    // The queue may outlive the engine, so it holds the engine weakly.
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

asio::awaitable<page<queue_info>> engine_core::queues(page_request request)
{
    check_open();
    domain::check(request);
    co_return co_await ports_->repository->queues(std::move(request));
}

asio::awaitable<void> engine_core::close()
{
    const auto queues = close_opening();
    for (const auto& queue : queues)
        for (auto* worker : queue->workers())
            worker->stop({});  // all at once, so that their graces run side by side
    // A processor may use other queues too, so no queue is closed before the last worker has ended.
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
    for (const auto& queue : close_opening()) {
        queue->mark_closed();
        for (auto* worker : queue->workers())
            worker->stop(milliseconds{0});
    }
    sweeping_.cancel();
    listening_.cancel();
}

std::vector<queue_ptr> engine_core::close_opening()
{
    {
        const std::lock_guard lock{opening_};
        closed_ = true;
    }
    return opened();
}

std::vector<queue_ptr> engine_core::opened() const
{
    const std::lock_guard lock{opening_};
    std::vector<queue_ptr> out;
    for (const auto& [name, queue] : queues_)
        out.push_back(queue);
    return out;
}

void engine_core::check_open() const
{
    const std::lock_guard lock{opening_};
    if (closed_)
        throw error{errc::closed, "the engine has been closed"};
}

queue_ptr engine_core::find_queue(const std::string& name) const
{
    const std::lock_guard lock{opening_};
    return known_queue(name);
}

queue_ptr engine_core::known_queue(const std::string& name) const
{
    const auto found = queues_.find(name);
    return found == queues_.end() || found->second->is_closed() ? nullptr : found->second;
}

bool engine_core::anyone_busy() const { return std::ranges::any_of(ports_->attended, &queue_core::anyone_busy); }

/// What waiting calls and idle workers want to know; workers that only run jobs are in no hurry.
change_interest engine_core::wanted() const
{
    change_interest out{.taken = ports_->taken};
    for (const auto* queue : ports_->attended) {
        out.any = out.any || queue->is_watched();
        if (queue->anyone_idle())
            out.queues.push_back(queue->name);
    }
    if (!out.nothing())
        out.any_later = anyone_busy();
    return out;
}

void engine_core::tell(const change_news& news)
{
    for (auto* queue : ports_->attended) {
        queue->look_for_cancellations();
        news.claimable ? queue->wake_watchers() : queue->look_again();
    }
    for (const auto& [name, jobs] : news.claimable.value_or(std::vector<change_news::claimable_jobs>{}))
        if (const auto queue = find_queue(name))
            queue->wake_for(jobs);
}

void engine_core::report(const std::exception_ptr& error)
{
    const error_event event{.error = error, .text = describe_exception(error).message};
    const auto all = opened();
    ports_->reports->log(all.empty() ? log_level::error : log_level::warning, event.text);
    for (const auto& queue : all)
        if (!queue->is_closed())
            queue->hub->emit(&queue_events::error, event);
}

void engine_core::ask_for_maintenance(const maintenance_options& options)
{
    if (++maintenance_asked_ > 1)
        return;
    // Each run has an object of its own: one that was cancelled may still wait for the store while the next begins.
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
