#pragma once
#include <cofila/time.hpp>

#include <string>

namespace cofila {

/// Keeps a second job of the same kind from being added. At any time one job of a queue, the owner, holds a
/// deduplication id; what becomes of an add with that id says the mode.
struct deduplication {
    enum class mode {
        until_finished,  ///< Not added while the owner is not finished.
        throttle,        ///< Not added for `ttl` after the owner was, whatever became of the owner.
        extend,          ///< As `throttle`, and each such add begins the `ttl` anew.
        replace,         ///< A delayed owner is removed, and the new job takes its place; else as `until_finished`.
        keep_last,  ///< While the owner is active, the newest such job is kept and added when the owner has finished;
                    ///< else as `until_finished`.
    };

    std::string id{};  ///< 1 to 200 bytes of UTF-8 without control characters.
    mode how = mode::until_finished;
    milliseconds ttl{};  ///< `throttle`, `extend`: > 0. Else not used.

    friend bool operator==(const deduplication&, const deduplication&) = default;
};

}  // namespace cofila
