#pragma once
#include <cofila/cancel_reason.hpp>
#include <cofila/failure.hpp>
#include <cofila/outcome.hpp>
#include <cofila/repository/job_record.hpp>
#include <cofila/repository/transition.hpp>
#include <cofila/time.hpp>

#include <optional>
#include <string>

namespace cofila::domain {

/// How a processor ended.
struct attempt_outcome {
    std::optional<std::string> result{};  ///< JSON text. Without a result or a deferral it failed.
    std::optional<deferral> put_off{};
    failure error{};
};

/// The processor returned after it had completed its job in a transaction of the application: a failure, unless the
/// store knows better.
attempt_outcome not_committed();

/// Whether `next` replaces `standing`. Between a time-out and a shutdown the first one stands.
bool outweighs(cancel_reason next, cancel_reason standing);

/// What the end counts as: after a time-out a failure, whatever the processor returned.
attempt_outcome counted(attempt_outcome outcome, cancel_reason reason, const job_options& options);

/// Whether a processor that was asked to end by a shutdown threw, in whatever words: the job waits again, and no
/// attempt is counted.
bool is_release(const attempt_outcome& outcome, cancel_reason reason);

/// Whether it is an ordinary failure, after which the job may be tried again.
bool is_failure(const attempt_outcome& outcome, cancel_reason reason);

/// The transition for an end as it counts; unset if the job is no longer ours to report. `why` belongs to `cancelled`;
/// `wait` is how long the job waits for its next attempt if it failed.
std::optional<transition> after_attempt(
    const job_record& job,
    attempt_outcome outcome,
    cancel_reason reason,
    const std::string& why,
    time_point now,
    milliseconds wait
);

}  // namespace cofila::domain
