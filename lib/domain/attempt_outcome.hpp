#pragma once
#include <cofila/failure.hpp>
#include <cofila/job_record.hpp>
#include <cofila/transition.hpp>

#include <optional>
#include <string>

namespace cofila::domain {

/// How a processor ended.
struct attempt_outcome {
    std::optional<std::string> result{};  ///< JSON text; nothing: it failed.
    failure error{};
    bool aborted = false;  ///< It failed with `operation_aborted`.
};

/// Who asked a processor to end decides what its end means.
enum class cancel_reason {
    none,
    closing,    ///< The worker's grace is over.
    lock_lost,  ///< Another worker may have the job by now.
};

/// Nothing: the job is no longer ours to report on.
std::optional<transition> after_attempt(
    const job_record& job, attempt_outcome outcome, cancel_reason cancelled, time_point now, double draw
);

}  // namespace cofila::domain
