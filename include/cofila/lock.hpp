#pragma once
#include <cofila/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace cofila {

/// 128 random bits: one claim of one job. Stored and shown as 32 hexadecimal digits.
struct lock_token {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
};

/// One process, named so that another process of the same machine can tell whether it still lives.
struct process_identity {
    std::string boot_id{};
    std::uint64_t pid_namespace = 0;  ///< Inode number.
    std::int64_t pid = 0;
    std::uint64_t start_time = 0;  ///< In the kernel's own ticks since boot: a pid may be used again.

    friend bool operator==(const process_identity&, const process_identity&) = default;
};

/// One active job's lock, as a sweep sees it.
struct lock_row {
    std::int64_t key = 0;
    std::string token{};
    time_point locked_until{};
    milliseconds lock_duration{};
    std::optional<process_identity> process{};  ///< Of the worker, where it is registered.
};

/// A lock that a sweep takes away, if it is still as it was seen.
struct rescue_order {
    std::int64_t key = 0;
    std::string token{};
    time_point locked_until{};
    double jitter = 0;  ///< 0 ... 1, drawn for the backoff of this rescue.
};

}  // namespace cofila
