#pragma once

namespace cofila {

/// Why a processor was asked to end. The reason decides what the end of the processor means. `cancelled` and
/// `lock_lost` replace any reason listed before them.
enum class cancel_reason {
    none,       ///< The processor was not asked to end.
    shutdown,   ///< The worker's grace is over. A result counts; if the processor throws, the job waits again.
    timed_out,  ///< It ran longer than `job_options::timeout`: the attempt fails, whatever it returns.
    cancelled,  ///< The job was cancelled: it fails, whatever its processor returns.
    lock_lost,  ///< Another worker may have the job by now: whatever the processor returns or throws is dropped.
};

}  // namespace cofila
