// A coroutine is made when an attempt finds none idle, and then serves one attempt after another: making one costs more
// than the rest of a short job. It stays on the loop. A processor runs in it, or elsewhere by a call that crosses over,
// and what it throws becomes a value on the thread where it was thrown. After each attempt the state of the
// cancellation is reset, since a processor may have changed it, and a cancellation that comes too late must not reach
// the next attempt: a signal is emitted only if its attempt is still the current one. What takes the place of an
// attempt that has ended is started from a handler of its own, so that short jobs that are at hand do not keep the
// loop; an idle coroutine is resumed on the spot. Waiting coroutines end with `dismiss`, or with the context of the
// loop. One whose attempt was abandoned ends with its processor, and reports nothing.
#include "worker/runner.hpp"

#include <cofila/detail/on_loop.hpp>

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

#include "async/slot_guard.hpp"
#include "domain/json_text.hpp"
#include "queue/queue_core.hpp"
#include "runtime/describe_exception.hpp"

namespace cofila {

namespace asio = boost::asio;
using domain::attempt_outcome;

/// One of the coroutines, as those see it that start and interrupt attempts.
class runner {
public:
    using handler = asio::any_completion_handler<void()>;

    asio::cancellation_signal signal{};
    attempt_ptr current{};  ///< Its processor is under way.
    attempt_ptr next{};     ///< What it is resumed for; null if it is to end.
    std::optional<handler> waiting{};

    void resume()
    {
        auto resumed = std::move(*waiting);
        waiting.reset();
        std::move(resumed)();
    }
};

namespace {

attempt_outcome outcome_of(const detail::processed& returned, const detail::job_handle& job)
{
    if (const auto* when = returned.put_off())
        return {.put_off = *when};
    if (job.completed_within)
        return domain::not_committed();
    const auto& result = *returned.result();
    domain::check_json("result", result, job.queue->options().size_limit);
    return {.result = result};
}

/// Errors become values here, on the thread where they were thrown.
asio::awaitable<attempt_outcome> guarded(
    std::shared_ptr<const detail::untyped_processor> processor, detail::job_ptr job
)
{
    try {
        co_return outcome_of(co_await (*processor)(job), *job);
    } catch (...) {
        co_return attempt_outcome{.error = describe_exception(std::current_exception())};
    }
}

}  // namespace

runners::runners(
    detail::queue_ptr queue,
    detail::untyped_processor processor,
    std::optional<asio::any_io_executor> elsewhere,
    on_end ended,
    on_escape escaped
)
    : queue_{std::move(queue)},
      loop_{queue_->ports->loop},
      processor_{std::make_shared<const detail::untyped_processor>(std::move(processor))},
      elsewhere_{std::move(elsewhere)},
      ended_{std::move(ended)},
      escaped_{std::move(escaped)}
{
    loop_->life()->attach(*this);
}

runners::~runners() { loop_->life()->detach(*this); }

void runners::start(const attempt_ptr& attempt, const std::shared_ptr<const void>& owner)
{
    if (!idle_.empty()) {
        const auto one = std::move(idle_.back());
        idle_.pop_back();
        attempt->runs_in = one;
        one->next = attempt;
        return one->resume();
    }
    const auto one = std::make_shared<runner>();
    attempt->runs_in = one;
    auto finished = [this, owner, guard = slot_guard{{one, &one->signal}}](const std::exception_ptr& escaped) {
        if (escaped)
            escaped_(escaped);
    };
    asio::co_spawn(
        loop_->executor(),
        serve(one, attempt, owner),
        asio::bind_cancellation_slot(one->signal.slot(), std::move(finished))
    );
}

void runners::interrupt(const attempt_ptr& attempt) const
{
    if (attempt->runs_in.expired())
        return;  // not started, or ended
    // Never from within the caller, whose lists change when a processor ends.
    asio::post(loop_->executor(), [attempt] {
        if (const auto one = attempt->runs_in.lock(); one && one->current == attempt)
            one->signal.emit(asio::cancellation_type::terminal);
    });
}

/// Waits for the next attempt, or passes on to it if it is known. An operation, not a coroutine: it comes with each
/// job.
auto runners::wait(runner_ptr self, attempt_ptr next)
{
    auto begin = [this, self = std::move(self), next = std::move(next)](auto done) {
        if (next) {
            next->runs_in = self;
            self->next = next;
            asio::post(std::move(done));
        } else {
            self->waiting.emplace(std::move(done));
            idle_.push_back(self);
        }
    };
    return asio::async_initiate<const asio::deferred_t, void()>(std::move(begin), asio::deferred);
}

asio::awaitable<void> runners::serve(runner_ptr self, attempt_ptr first, std::shared_ptr<const void>)
{
    const auto elsewhere = elsewhere_ ? event_loop::at(asio::make_strand(*elsewhere_)) : nullptr;
    for (auto attempt = std::move(first); attempt;) {
        self->current = attempt;
        attempt_outcome outcome;
        try {
            auto job = handle_of(attempt);
            if (elsewhere)
                outcome = co_await detail::on_loop(elsewhere, guarded(processor_, std::move(job)));
            else
                outcome = outcome_of(co_await (*processor_)(job), *job);
        } catch (...) {
            outcome.error = describe_exception(std::current_exception());
        }
        co_await asio::this_coro::throw_if_cancelled(false);
        if (!loop_->is_surely_current())  // the processor has moved to an executor of its own choice
            co_await asio::dispatch(asio::use_awaitable);
        self->current.reset();
        attempt->runs_in.reset();
        if (attempt->abandoned)
            co_return;
        co_await asio::this_coro::reset_cancellation_state();
        co_await asio::this_coro::throw_if_cancelled(true);
        auto next = ended_(attempt, std::move(outcome));
        attempt.reset();
        if (!next && dismissed_)
            co_return;
        auto waiting = wait(self, std::move(next));
        co_await std::move(waiting);
        attempt = std::exchange(self->next, nullptr);
    }
}

detail::job_ptr runners::handle_of(const attempt_ptr& attempt) const
{
    return std::make_shared<detail::job_handle>(detail::job_handle{
        .queue = queue_,
        .job = attempt->job,
        .token = attempt->job->token,
        .progress = attempt->job->progress,
        .asked_to_end = {attempt, &attempt->told}
    });
}

void runners::dismiss()
{
    dismissed_ = true;
    for (const auto& one : std::exchange(idle_, {}))
        one->resume();
}

void runners::context_ends(remains& dropped)
{
    for (auto& one : idle_)
        dropped.push_back(std::make_shared<runner::handler>(std::move(*one->waiting)));
    idle_.clear();
}

}  // namespace cofila
