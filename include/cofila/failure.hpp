#pragma once
#include <cofila/time.hpp>

#include <string>

namespace cofila {

/// The reason why an attempt failed. Texts longer than 64 KiB are cut, with a marker at the end.
struct failure {
    std::string message{};       ///< What went wrong, for a human reader; the exception's `what()`.
    std::string type{};          ///< The exception's type.
    std::string detail{};        ///< Nested exceptions and diagnostic information, one per line.
    bool unrecoverable = false;  ///< True if the job fails for good, whatever attempts are left.

    friend bool operator==(const failure&, const failure&) = default;
};

/// One failed attempt of a job.
struct attempt {
    int number = 0;  ///< 1 for the first attempt.
    failure error{};
    time_point at{};
    std::string worker{};  ///< The id of the worker that ran the attempt.

    friend bool operator==(const attempt&, const attempt&) = default;
};

}  // namespace cofila
