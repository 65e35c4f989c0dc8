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

attempt_outcome counted(attempt_outcome outcome, cancel_reason reason, const job_options& options)
{
    if (reason != cancel_reason::timed_out)
        return outcome;
    const auto limit = options.timeout.value_or(milliseconds{});
    return {
        .error = {.message = "timed out after " + std::to_string(limit.count()) + " ms", .type = "cofila::timed_out"}
    };
}

bool is_failure(const attempt_outcome& outcome, cancel_reason reason)
{
    const bool released = outcome.aborted && reason == cancel_reason::closing;
    return !outcome.result && !outcome.put_off && !released && reason != cancel_reason::cancelled &&
           reason != cancel_reason::lock_lost;
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
    if (is_failure(outcome, reason))
        return after_failure(job, std::move(outcome.error), now, wait);
    return after_release(job);
}

}  // namespace cofila::domain
