#pragma once
#include <cofila/detail/compiler.hpp>

#include <functional>
#include <string_view>

namespace cofila {

enum class log_level { debug, info, warning, error };

std::string_view to_string(log_level level) noexcept;

/// Where the library reports what no caller is waiting for: attempts that failed (`warning`), jobs that failed for good
/// and what an `error` event tells (`error`, `warning`), workers that start and close (`info`). Each line is harmless
/// to a terminal, whatever is in the texts of a job. The default says nothing.
struct logger {
    log_level level = log_level::info;  ///< Lines below it are not made.
    /// Called from any thread of the library, one call at a time per thread; must not throw.
    std::function<void(log_level, std::string_view)> sink{};

    /// A line of that level reaches somebody.
    bool hears(log_level at) const { return sink && at >= level; }
    void operator()(log_level at, std::string_view line) const
    {
        if (hears(at))
            sink(at, line);
    }
};

/// Writes to standard error, each line at once and whole, with its time in UTC and its level:
/// `2030-01-31T12:00:00.000Z warning cofila: queue 'emails': ...`. For any thread.
logger log_to_stderr(log_level level = log_level::info);

}  // namespace cofila
