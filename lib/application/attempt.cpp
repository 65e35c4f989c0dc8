#include "application/attempt.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <utility>

#include "application/describe_exception.hpp"
#include "application/queue_core.hpp"
#include "domain/json_text.hpp"

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
        domain::check_json("result", *returned.result(), job->queue->options.size_limit);
        co_return attempt_outcome{.result = *returned.result()};
    } catch (...) {
        co_return attempt_outcome{.error = describe_exception(std::current_exception())};
    }
}

}  // namespace

void attempt_run::start(
    detail::queue_ptr queue,
    std::shared_ptr<const detail::untyped_processor> processor,
    asio::any_io_executor where,
    asio::any_io_executor loop,
    on_end ended
)
{
    where_ = where;
    loop_ = std::move(loop);
    auto handle = std::make_shared<detail::job_handle>(detail::job_handle{
        .queue = std::move(queue), .job = job, .token = job->token, .progress = job->progress, .asked_to_end = told_
    });
    auto finished = [self = shared_from_this(), ended = std::move(ended)](std::exception_ptr, attempt_outcome outcome) {
        ended(self, std::move(outcome));
    };
    asio::co_spawn(
        where_,
        guarded(std::move(processor), std::move(handle)),
        asio::bind_cancellation_slot(signal_.slot(), asio::bind_executor(loop_, std::move(finished)))
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
    if (!where_)
        return;  // not started
    // On the processor's own executor, since a signal may be used by one thread at a time; and never from within the
    // caller, whose lists the end of a processor would change.
    asio::post(where_, [self = shared_from_this()] { self->signal_.emit(asio::cancellation_type::terminal); });
}

}  // namespace cofila
