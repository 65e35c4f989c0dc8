#pragma once
#include <cofila/detail/compiler.hpp>

#include <functional>
#include <string_view>

namespace cofila {

enum class log_level { debug, info, warning, error };

std::string_view to_string(log_level level) noexcept;

/// Where the library reports what no caller is waiting for: attempts that failed (`warning`), jobs that failed for good
/// and what an `error` event reports (`error`, `warning`), workers that start and close (`info`). Each line is harmless
/// to a terminal, whatever the texts of a job contain. The default logs nothing.
struct logger {
    log_level level = log_level::info;  ///< Lines below this level are not produced.
    /// Called on any thread of the library, one call at a time per thread; must not throw.
    std::function<void(log_level, std::string_view)> sink{};

    /// Returns true if a line of this level reaches the sink.
    bool hears(log_level at) const { return sink && at >= level; }
    void operator()(log_level at, std::string_view line) const
    {
        if (hears(at))
            sink(at, line);
    }
};

/// Returns a logger that writes to standard error. Each line is written at once and whole, with its time in UTC and its
/// level: `2030-01-31T12:00:00.000Z warning cofila: queue 'emails': ...`. May be called on any thread.
logger log_to_stderr(log_level level = log_level::info);

}  // namespace cofila
