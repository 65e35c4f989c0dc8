#include <cofila/testing.hpp>

#include <exception>
#include <utility>

#include "async/task_group.hpp"
#include "worker/worker_core.hpp"

namespace cofila::testing::detail {

namespace asio = boost::asio;
using cofila::detail::worker_core;

namespace {

void check(const run_options& options)
{
    if (options.at_most < milliseconds{})
        throw error{errc::invalid_argument, "at_most", "must not be negative"};
    if (options.attempts == 0)
        throw error{errc::invalid_argument, "attempts", "must be more than 0"};
}

/// A worker, and what it has reported.
struct observed_worker {
    std::shared_ptr<worker_core> worker{};
    run_report report{};
    std::size_t attempts = 0;
    bool ended = false;
    std::exception_ptr failed{};
};

void listen(const std::shared_ptr<observed_worker>& to, std::size_t most_attempts)
{
    auto& events = to->worker->hub->signals;
    const auto told = [weak = std::weak_ptr{to}](auto tell) {
        return [weak, tell](const auto& event) {
            if (const auto one = weak.lock())
                tell(*one, event);
        };
    };
    events.job_active.connect(told([most_attempts](observed_worker& one, const job_active_event&) {
        if (++one.attempts > most_attempts)
            one.worker->stop(milliseconds{0});
    }));
    events.job_processed.connect(told([](observed_worker& one, const job_processed_event& event) {
        one.report.processed.push_back(event.id);
    }));
    events.job_errored.connect(told([](observed_worker& one, const job_errored_event& event) {
        one.report.failed.push_back(event.id);
    }));
}

asio::awaitable<void> keep_running(std::shared_ptr<observed_worker> one)
{
    try {
        co_await one->worker->run();
    } catch (...) {
        one->failed = std::current_exception();
    }
    one->ended = true;
    one->worker->queue->ports->worker_idle.set();
}

asio::awaitable<void> until_at_rest(std::shared_ptr<observed_worker> one)
{
    while (!one->ended && !one->worker->is_at_rest())
        co_await one->worker->queue->ports->worker_idle.wait();
}

/// Moves from one job's time to the next, as long as there is one and time can be moved.
asio::awaitable<void> run_out_of_work(std::shared_ptr<observed_worker> one, milliseconds at_most)
{
    const auto time = one->worker->queue->ports->time;
    auto* const movable = dynamic_cast<manual_clock*>(time.get());
    const auto end = time->wall_now() + at_most;
    for (;;) {
        co_await until_at_rest(one);
        const auto due = one->worker->next_due();
        if (one->ended || !movable || !due || *due > end)
            co_return;
        movable->advance(*due - time->wall_now());
    }
}

}  // namespace

asio::awaitable<run_report> run_all(queue_ptr queue, cofila::detail::untyped_processor processor, run_options options)
{
    check(options);
    const auto one = std::make_shared<observed_worker>();
    one->worker = std::make_shared<worker_core>(queue, std::move(processor), std::move(options.worker));
    listen(one, options.attempts);
    task_group running{queue->ports->loop};
    running.spawn(keep_running(one), one);
    co_await run_out_of_work(one, options.at_most);
    co_await one->worker->close({});
    co_await running.join();
    if (one->failed)
        std::rethrow_exception(one->failed);
    if (one->attempts > options.attempts)
        throw error{
            errc::timed_out,
            "run_all: more than " + std::to_string(options.attempts) + " attempts (run_options::attempts)"
        };
    co_return std::move(one->report);
}

}  // namespace cofila::testing::detail
