#include "domain/attempt_outcome.hpp"

#include <utility>

#include "domain/transitions.hpp"

namespace cofila::domain {

attempt_outcome not_committed()
{
    return {
        .error =
            {.message = "transaction not committed",
             .type = "cofila::transaction_not_committed",
             .detail = "complete_in() completed the job in a transaction that was rolled back, or is still open"}
    };
}

bool outweighs(cancel_reason next, cancel_reason standing)
{
    return standing == cancel_reason::none || (next > standing && next >= cancel_reason::cancelled);
}

attempt_outcome counted(attempt_outcome outcome, cancel_reason reason, const job_options& options)
{
    if (reason != cancel_reason::timed_out)
        return outcome;
    const auto limit = options.timeout.value_or(milliseconds{});
    return {
        .error = {.message = "timed out after " + std::to_string(limit.count()) + " ms", .type = "cofila::timed_out"}
    };
}

bool is_release(const attempt_outcome& outcome, cancel_reason reason)
{
    return reason == cancel_reason::shutdown && !outcome.result && !outcome.put_off;
}

bool is_failure(const attempt_outcome& outcome, cancel_reason reason)
{
    const bool counts = reason == cancel_reason::none || reason == cancel_reason::timed_out;
    return counts && !outcome.result && !outcome.put_off;
}

std::optional<transition> after_attempt(
    const job_record& job,
    attempt_outcome outcome,
    cancel_reason reason,
    const std::string& why,
    time_point now,
    milliseconds wait
)
{
    if (reason == cancel_reason::lock_lost)
        return {};
    if (reason == cancel_reason::cancelled)
        return after_cancellation(job, why, now);
    if (outcome.result)
        return after_success(job, std::move(*outcome.result), now);
    if (outcome.put_off)
        return after_deferral(job, *outcome.put_off, now);
    if (is_release(outcome, reason))
        return after_release(job);
    return after_failure(job, std::move(outcome.error), now, wait);
}

}  // namespace cofila::domain
