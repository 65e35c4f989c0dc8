#include "stage.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <chrono>
#include <stdexcept>

namespace sample {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 30s;  // a bound for failures; nothing waits this long otherwise

}  // namespace

stage::stage(order_queue queue, std::string worker_name, timeline& time, asio::any_io_executor loop)
    : queue_{std::move(queue)},
      worker_{queue_, [this](order_job job) { return carry_out(std::move(job)); }, {.name = std::move(worker_name)}},
      time_{time},
      loop_{std::move(loop)}
{
    listen_to_queue();
    listen_to_failures();
    listen_to_worker();
}

asio::awaitable<std::string> stage::carry_out(order_job job)
{
    const auto order = job.data();
    co_await job.log(fmt::format("attempt {}", job.attempts_made() + 1));
    if (!order.holds_until.empty()) {
        co_await job.update_progress(50);
        co_await until(order.holds_until);
    }
    if (order.hopeless)
        throw cofila::unrecoverable_error("there is no such address");
    if (job.attempts_made() < order.failures)
        throw std::runtime_error("the line is busy");
    co_return order.what + " done";
}

asio::awaitable<void> stage::until(std::string event, cofila::job_id id)
{
    asio::steady_timer news{loop_, patience};
    struct enlisted {
        std::set<asio::steady_timer*>& list;
        asio::steady_timer* timer;
        ~enlisted() { list.erase(timer); }
    };
    waiting_.insert(&news);
    const enlisted until_end{waiting_, &news};
    while (!heard(event, id)) {
        const auto [woken] = co_await news.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!heard(event, id) && (!woken || heard("closed")))
            throw std::runtime_error(fmt::format("{}: '{}' was not heard", name_of(id), event));
    }
}

std::size_t stage::times_heard(const std::string& event, const cofila::job_id& id) const
{
    const auto found = heard_.find({event, id});
    return found == heard_.end() ? 0 : found->second;
}

void stage::note(const std::string& event, const cofila::job_id& id)
{
    ++heard_[{event, id}];
    kinds_.insert(event);
    for (auto* const waiter : waiting_)
        waiter->cancel();
}

void stage::tell(const std::string& who, const std::string& event, const cofila::job_id& id, const std::string& text)
{
    time_.say(who, id.empty() ? text : fmt::format("job '{}' {}", name_of(id), text));
    note(event, id);
}

std::string stage::name_of(const cofila::job_id& id) const
{
    const auto found = names_.find(id);
    return found == names_.end() ? id.str() : found->second;
}

void stage::listen_to_queue()
{
    auto& queue = queue_.events();
    on(queue.added, [this](const cofila::added_event& e) {
        names_[e.id] = e.name;
        tell("queue", "added", e.id, "added");
    });
    on(queue.duplicated, [this](const auto& e) { tell("queue", "duplicated", e.id, "is there already"); });
    on(queue.waiting, [this](const auto& e) { note("waiting", e.id); });
    on(queue.delayed, [this](const auto& e) { tell("queue", "delayed", e.id, "delayed"); });
    on(queue.active, [this](const auto& e) { note("active", e.id); });
    on(queue.progress, [this](const cofila::progress_event& e) {
        tell("queue", "progress", e.id, fmt::format("progress {} %", boost::json::serialize(e.progress)));
    });
    on(queue.log, [this](const cofila::log_event& e) { tell("queue", "log", e.id, fmt::format("log: {}", e.line)); });
    on(queue.completed, [this](const cofila::completed_event& e) {
        tell("queue", "completed", e.id, fmt::format("completed: {}", e.result));
    });
    on(queue.stalled, [this](const auto& e) { tell("queue", "stalled", e.id, "stalled; it waits again"); });
    on(queue.drained, [this](const auto&) { tell("queue", "drained", {}, "drained"); });
    on(queue.paused, [this](const auto&) { tell("queue", "paused", {}, "paused"); });
    on(queue.resumed, [this](const auto&) { tell("queue", "resumed", {}, "resumed"); });
    on(queue.error, [this](const cofila::error_event& e) { tell("queue", "error", {}, e.text); });
}

void stage::listen_to_failures()
{
    auto& queue = queue_.events();
    on(queue.retrying, [this](const cofila::retrying_event& e) {
        retry_delays_.push_back(e.delay);
        const auto text = fmt::format("failed: {}; again in {} ms", e.error.message, e.delay.count());
        tell("queue", "retrying", e.id, text);
    });
    on(queue.failed, [this](const cofila::failed_event& e) {
        tell("queue", "failed", e.id, fmt::format("failed for good: {}", e.reason));
    });
    on(queue.retries_exhausted, [this](const cofila::retries_exhausted_event& e) {
        const auto text = fmt::format("has no attempt left after {}", e.attempts_made);
        tell("queue", "retries_exhausted", e.id, text);
    });
}

void stage::listen_to_worker()
{
    auto& worker = worker_.events();
    on(worker.ready, [this](const auto&) { tell("worker", "ready", {}, "ready"); });
    on(worker.job_active, [this](const cofila::job_active_event& e) {
        begun_.push_back(e.name);
        tell("worker", "job_active", e.id, fmt::format("begun, attempt {}", e.attempt));
    });
    on(worker.job_processed, [this](const auto& e) { note("job_processed", e.id); });
    on(worker.job_errored, [this](const auto& e) { note("job_errored", e.id); });
    on(worker.closing, [this](const auto&) { tell("worker", "closing", {}, "closing"); });
    on(worker.closed, [this](const auto&) { tell("worker", "closed", {}, "closed"); });
}

}  // namespace sample
