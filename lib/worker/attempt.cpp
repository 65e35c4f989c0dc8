#include "worker/attempt.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <utility>

#include "async/slot_guard.hpp"
#include "domain/json_text.hpp"
#include "queue/queue_core.hpp"
#include "runtime/describe_exception.hpp"

namespace cofila {

namespace asio = boost::asio;
using domain::attempt_outcome;

namespace {

/// Errors become values here, on the thread where they were thrown.
asio::awaitable<attempt_outcome> guarded(
    std::shared_ptr<const detail::untyped_processor> processor, detail::job_ptr job
)
{
    try {
        const auto returned = co_await (*processor)(job);
        if (const auto* when = returned.put_off())
            co_return attempt_outcome{.put_off = *when};
        if (job->completed_within)
            co_return domain::not_committed();
        domain::check_json("result", *returned.result(), job->queue->options().size_limit);
        co_return attempt_outcome{.result = *returned.result()};
    } catch (...) {
        co_return attempt_outcome{.error = describe_exception(std::current_exception())};
    }
}

}  // namespace

void attempt_run::start(
    detail::queue_ptr queue,
    std::shared_ptr<const detail::untyped_processor> processor,
    asio::any_io_executor elsewhere,
    on_end ended
)
{
    loop_ = queue->ports->loop;
    elsewhere_ = elsewhere;
    auto handle = std::make_shared<detail::job_handle>(detail::job_handle{
        .queue = std::move(queue), .job = job, .token = job->token, .progress = job->progress, .asked_to_end = told_
    });
    // A processor that runs elsewhere may end after the loop has gone: then its end is reported to no one.
    auto finished = [self = shared_from_this(),
                     loop = loop_,
                     slot = slot_guard{{shared_from_this(), &signal_}},
                     tell = std::move(ended)](std::exception_ptr, attempt_outcome outcome) {
        loop->run([self, tell, how = std::move(outcome)]() mutable {
            self->loop_ = nullptr;
            self->elsewhere_ = asio::any_io_executor{};
            tell(self, std::move(how));
        });
    };
    asio::co_spawn(
        elsewhere ? elsewhere : loop_->executor(),
        guarded(std::move(processor), std::move(handle)),
        asio::bind_cancellation_slot(signal_.slot(), std::move(finished))
    );
}

void attempt_run::cancel(cancel_reason reason, steady_time now, std::string text)
{
    if (!domain::outweighs(reason, cancelled))
        return;
    const bool first = cancelled == cancel_reason::none;
    cancelled = reason;
    cancelled_why = std::move(text);
    told_->store(reason);
    if (!first)
        return;
    asked_to_end_at = now;
    if (!loop_)
        return;  // not started, or ended
    // Emitted on the processor's own executor, since a signal may be used by one thread at a time; and never from
    // within the caller, whose lists change when a processor ends.
    asio::post(elsewhere_ ? elsewhere_ : loop_->executor(), [self = shared_from_this()] {
        self->signal_.emit(asio::cancellation_type::terminal);
    });
}

}  // namespace cofila
