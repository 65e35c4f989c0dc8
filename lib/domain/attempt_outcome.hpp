#pragma once
#include <cofila/failure.hpp>
#include <cofila/job_record.hpp>
#include <cofila/outcome.hpp>
#include <cofila/time.hpp>
#include <cofila/transition.hpp>

#include <optional>
#include <string>

namespace cofila::domain {

/// How a processor ended.
struct attempt_outcome {
    std::optional<std::string> result{};  ///< JSON text; with no deferral either: it failed.
    std::optional<deferral> put_off{};
    failure error{};
    bool aborted = false;  ///< It failed with `operation_aborted`.
};

/// It returned after it had completed its job in a transaction of the application's: a failure, unless the store knows
/// better.
attempt_outcome not_committed();

/// Who asked a processor to end decides what its end means. In order: a graver reason takes the place of another.
enum class cancel_reason {
    none,
    closing,    ///< The worker's grace is over.
    timed_out,  ///< It ran longer than `job_options::timeout`.
    cancelled,  ///< Somebody wants the job to end.
    lock_lost,  ///< Another worker may have the job by now.
};

/// What an end counts as: once its time was over, a failure, whatever the processor returned.
attempt_outcome counted(attempt_outcome outcome, cancel_reason reason, const job_options& options);

/// An ordinary failure, after which the job may be tried again.
bool is_failure(const attempt_outcome& outcome, cancel_reason reason);

/// What comes of an end as it counts. Nothing: the job is no longer ours to report on. `why` belongs to `cancelled`;
/// `wait` is how long the job waits for its next attempt, if it failed.
std::optional<transition> after_attempt(
    const job_record& job,
    attempt_outcome outcome,
    cancel_reason reason,
    const std::string& why,
    time_point now,
    milliseconds wait
);

}  // namespace cofila::domain
