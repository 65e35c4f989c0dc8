#pragma once
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila {

/// 128 random bits that identify one claim of one job. Stored and shown as 32 hexadecimal digits.
struct lock_token {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
};

/// Identifies one process, so that another process on the same machine can determine whether it still lives.
struct process_identity {
    std::string boot_id{};
    std::uint64_t pid_namespace = 0;  ///< Its inode number.
    std::int64_t pid = 0;
    std::uint64_t start_time = 0;  ///< In kernel ticks since boot, because a pid may be reused.

    friend bool operator==(const process_identity&, const process_identity&) = default;
};

/// The lock of one active job, as a sweep sees it.
struct lock_row {
    std::int64_t key = 0;
    std::string token{};
    time_point locked_until{};
    milliseconds lock_duration{};
    std::optional<process_identity> process{};  ///< The worker's process; unset if the worker is not registered.
};

/// A lock that a sweep takes away if it is still unchanged.
struct rescue_order {
    std::int64_t key = 0;
    std::string token{};
    time_point locked_until{};
    double jitter = 0;  ///< 0 ... 1, drawn for the backoff of this rescue.
};

}  // namespace cofila
