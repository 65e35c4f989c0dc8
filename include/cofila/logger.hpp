#pragma once
#include <cofila/detail/compiler.hpp>

#include <functional>
#include <string_view>

namespace cofila {

enum class log_level { debug, info, warning, error };

/// Where the library reports what no caller is waiting for. The default says nothing.
struct logger {
    log_level level = log_level::info;  ///< Lines below it are not made.
    /// Called from any thread of the library, one call at a time per thread; must not throw.
    std::function<void(log_level, std::string_view)> sink{};

    void operator()(log_level at, std::string_view line) const
    {
        if (sink && at >= level)
            sink(at, line);
    }
};

}  // namespace cofila
