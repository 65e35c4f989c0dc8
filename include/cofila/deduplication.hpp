#pragma once
#include <cofila/time.hpp>

#include <string>

namespace cofila {

/// Prevents a second job of the same kind from being added. At any time one job of a queue, the owner, holds a
/// deduplication id. The mode decides what becomes of an add with that id.
struct deduplication {
    enum class mode {
        until_finished,  ///< Not added until the owner has finished.
        throttle,        ///< Not added for `ttl` after the owner was added, whatever became of the owner.
        extend,          ///< Like `throttle`, and each such add restarts the `ttl`.
        replace,    ///< A delayed owner is removed and the new job takes its place; otherwise like `until_finished`.
        keep_last,  ///< While the owner is active, the newest such job is kept and added once the owner has finished;
                    ///< otherwise like `until_finished`.
    };

    std::string id{};  ///< 1 to 200 bytes of UTF-8 without control characters.
    mode how = mode::until_finished;
    milliseconds ttl{};  ///< > 0 for `throttle` and `extend`; otherwise unused.

    friend bool operator==(const deduplication&, const deduplication&) = default;
};

}  // namespace cofila
