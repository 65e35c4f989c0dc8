#include "worker/worker_core.hpp"

#include <utility>

#include "domain/ids.hpp"
#include "domain/validation.hpp"

namespace cofila::detail {

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
          [this](const attempt_ptr& attempt, domain::attempt_outcome outcome) {
              return end(attempt, std::move(outcome));
          }
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
        .dropped = [this](const attempt_ptr& attempt) { not_stored(*attempt); }
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

}  // namespace cofila::detail
