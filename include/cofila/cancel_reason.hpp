#pragma once

namespace cofila {

/// Why a processor was asked to end. That decides what its end means; a graver reason, further down, may take the
/// place of another.
enum class cancel_reason {
    none,       ///< It was not asked.
    shutdown,   ///< The worker's grace is over. A result counts; whatever is thrown, the job waits again.
    timed_out,  ///< It ran longer than `job_options::timeout`: the attempt fails, whatever it returns.
    cancelled,  ///< Somebody cancelled the job: it fails, whatever it returns.
    lock_lost,  ///< Another worker may have the job by now: what it returns or throws is dropped.
};

}  // namespace cofila
