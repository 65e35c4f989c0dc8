// The life of a worker: `run` spawns `work` in a task group of its own and turns the caller's cancellation into `stop`,
// so that a cancelled `run` still shuts down in order. `work` registers the process, runs the loops side by side until
// the fetch loop has finished, cancels the others, and forgets the process again. How a worker ends is in ending.cpp.
#include "worker/worker_core.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <utility>

#include "async/wait_until.hpp"
#include "domain/ids.hpp"
#include "domain/ranges.hpp"
#include "domain/text.hpp"
#include "domain/transitions.hpp"
#include "domain/validation.hpp"
#include "runtime/describe_exception.hpp"

namespace cofila::detail {

namespace asio = boost::asio;

namespace {

worker_options checked(worker_options options)
{
    using domain::require;
    worker_core::check_concurrency(options.concurrency);
    require(options.prefetch >= 0 && options.prefetch <= 10'000, "prefetch", "must be between 0 and 10000");
    domain::check(claim_request{.lock_duration = options.lock_duration});
    require(options.lock_duration >= milliseconds{2}, "lock_duration", "must be at least 2 ms");
    if (!options.lock_renew_buffer)
        options.lock_renew_buffer = options.lock_duration / 2;
    require(*options.lock_renew_buffer > milliseconds{}, "lock_renew_buffer", "must be more than 0");
    require(*options.lock_renew_buffer < options.lock_duration, "lock_renew_buffer", "must be less than lock_duration");
    require(options.poll_interval > milliseconds{}, "poll_interval", "must be more than 0");
    require(options.stuck_after > milliseconds{}, "stuck_after", "must be more than 0");
    require(options.grace >= milliseconds{}, "grace", "must not be negative");
    for (const auto& [strategy, decide] : options.backoff_strategies)
        require(bool{decide}, "backoff_strategies['" + strategy + "']", "must be a function");
    if (options.name.empty())
        options.name = "worker";
    domain::check_name("name", options.name);
    require(options.name.size() <= 100, "name", "must have at most 100 bytes");
    return options;
}

}  // namespace

worker_core::worker_core(queue_ptr from, untyped_processor processor, worker_options options)
    : queue{std::move(from)},
      id{checked(options).name + "-" + domain::to_text(queue->ports->new_token())},
      hub{std::make_shared<event_hub<worker_events>>(queue->ports->loop, queue->ports->reports)},
      ports_{queue->ports},
      options_{checked(std::move(options))},
      slots_{options_.concurrency},
      runners_{
          queue,
          std::move(processor),
          options_.executor,
          [this](const attempt_ptr& attempt, domain::attempt_outcome&& outcome) {
              return end(attempt, std::move(outcome));
          },
          [this](std::exception_ptr escaped) { crash(std::move(escaped)); }
      },
      fetch_{
          queue,
          {.worker = id,
           .prefetch = options_.prefetch,
           .poll_interval = options_.poll_interval,
           .lock_duration = options_.lock_duration},
          slots_,
          fetching()
      },
      renewer_{
          ports_, {.duration = options_.lock_duration, .buffer = *options_.lock_renew_buffer}, slots_.held(), renewing()
      },
      watch_{ports_, options_.stuck_after, slots_, watching()},
      progress_{ports_->loop},
      over_{ports_->loop},
      tasks_{ports_->loop}
{}

fetch_loop::callbacks worker_core::fetching()
{
    return {
        .answered = [this](const auto& ended, auto& answer, steady_time asked) { settled(ended, answer, asked); },
        .failed = [this](std::exception_ptr error, bool last) { return store_failed(std::move(error), last); },
        .dropped = [this](const attempt_ptr& attempt) { not_stored(*attempt); },
        .escaped = [this](std::exception_ptr escaped) { crash(std::move(escaped)); }
    };
}

lock_renewer::callbacks worker_core::renewing()
{
    return {
        .lost = [this](const attempt_ptr& attempt) { lose(attempt); },
        .cancelled = [this](const attempt_ptr& attempt, const std::string& why) { cancel_job(attempt->job->id, why); },
        .completed =
            [this](const attempt_ptr& attempt, job_snapshot job) {
                attempt->completed = std::move(job);
                slots_.let_go(attempt);
            },
        .failed = [this](std::exception_ptr error) { hub->report(std::move(error)); }
    };
}

attempt_watch::callbacks worker_core::watching()
{
    return {
        .timed_out = [this](const attempt_ptr& attempt) { ask_to_end(attempt, cancel_reason::timed_out); },
        .stuck = [this](const attempt_ptr& attempt, milliseconds since_asked) { give_up(attempt, since_asked); },
        .long_running =
            [this](const attempt_ptr& attempt, milliseconds running) {
                hub->emit(&worker_events::long_running, [&] {
                    return long_running_event{.id = attempt->job->id, .running = running};
                });
            }
    };
}

asio::awaitable<close_report> worker_core::run()
{
    if (started_)
        throw error{errc::invalid_argument, "run", "may be called once; make another worker to go on"};
    if (!slots_.closing())
        queue->check_open();
    started_ = true;
    if (!slots_.closing()) {
        queue->attach(*this);
        tasks_.spawn(work(), shared_from_this());
        co_await over_.wait_uninterrupted([this] { stop({}); });
    }
    done_ = true;
    if (crashed_)
        std::rethrow_exception(crashed_);
    co_return report_;
}

asio::awaitable<close_report> worker_core::close(std::optional<milliseconds> grace)
{
    stop(grace);
    while (started_ && !done_)
        co_await over_.wait_uninterrupted([] {});
    co_return report_;
}

void worker_core::set_paused(bool paused)
{
    slots_.set_paused(paused);
    if (paused) {
        release_ready();
        fetch_.leave_to_others();
    }
    wake();
}

void worker_core::check_concurrency(int concurrency)
{
    if (concurrency < 1 || concurrency > 10'000)
        throw error{
            errc::invalid_argument, "concurrency", "must be between 1 and 10000, not " + std::to_string(concurrency)
        };
}

void worker_core::set_concurrency(int concurrency)
{
    check_concurrency(concurrency);
    slots_.set_concurrency(concurrency);
    fetch_.leave_to_others();
    wake();
    start_ready_soon();  // no processor runs within the caller
}

asio::awaitable<void> worker_core::work()
{
    try {
        co_await register_process();
        hub->emit(&worker_events::ready, ready_event{});
        log_life(log_level::info, "takes jobs, " + std::to_string(slots_.concurrency()) + " at once");
        task_group loops{ports_->loop};
        task_group shutdown{ports_->loop};
        const auto self = shared_from_this();
        loops.spawn(keep(renewer_.renew()), self);
        loops.spawn(keep(renewer_.fence()), self);
        loops.spawn(keep(renewer_.look()), self);
        loops.spawn(keep(watch_.run()), self);
        loops.spawn(keep(fetch_.remind()), self);
        shutdown.spawn(shut_down_surely(), self);
        for (int tries = 0; tries < 2 && !slots_.finished(); ++tries)
            co_await keep(fetch_.run(self));
        if (!slots_.finished()) {
            stores_ = false;
            progress_.set();
            co_await shutdown.join();
        }
        co_await fetch_.join();
        give_up_outcomes();
        for (auto* group : {&loops, &shutdown}) {
            group->cancel();
            co_await group->join();
        }
        if (report_.unstored.empty())  // otherwise other processes should notice at once when it is dead
            co_await forget_process();
    } catch (...) {
        crashed_ = std::current_exception();
    }
    runners_.dismiss();
    queue->detach(*this);
    hub->emit(&worker_events::closed, closed_event{});
    done_ = true;
    over_.set();
    log_life(log_level::info, "has closed");
}

/// Runs one of the loops.
asio::awaitable<void> worker_core::keep(asio::awaitable<void> loop)
{
    std::exception_ptr escaped;
    try {
        co_await std::move(loop);
    } catch (...) {
        escaped = std::current_exception();
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (escaped && state.cancelled() == asio::cancellation_type::none)
        crash(escaped);
}

void worker_core::log_life(log_level level, const std::string& what) const
{
    ports_->log(level, domain::printable_text("worker '" + id + "' of queue '" + queue->name + "' " + what));
}

/// Lets other processes notice at once when this process has died. Without it they wait for the locks to run out.
asio::awaitable<void> worker_core::register_process()
{
    std::exception_ptr failed;
    try {
        worker_row row{.id = id, .process = ports_->processes->self(), .started_at = ports_->time->wall_now()};
        co_await ports_->repository->register_worker(std::move(row));
    } catch (...) {
        failed = std::current_exception();
    }
    if (failed)
        hub->report(failed);
}

asio::awaitable<void> worker_core::forget_process()
{
    try {
        co_await ports_->repository->forget_worker(id);
    } catch (...) {
        hub->report(std::current_exception());
    }
}

}  // namespace cofila::detail
