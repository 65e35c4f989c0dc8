#include "domain/attempt_outcome.hpp"

#include <utility>

#include "domain/transitions.hpp"

namespace cofila::domain {

std::optional<transition> after_attempt(
    const job_record& job, attempt_outcome outcome, cancel_reason cancelled, time_point now, double draw
)
{
    if (cancelled == cancel_reason::lock_lost)
        return {};
    if (outcome.result)
        return after_success(job, std::move(*outcome.result), now);
    if (outcome.aborted && cancelled == cancel_reason::closing)
        return after_release(job);
    return after_failure(job, std::move(outcome.error), now, draw);
}

}  // namespace cofila::domain
