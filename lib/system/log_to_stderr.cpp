#include <cofila/clock.hpp>
#include <cofila/logger.hpp>

#include <cstdio>
#include <memory>
#include <string>

#include "domain/text.hpp"

namespace cofila {

std::string_view to_string(log_level level) noexcept
{
    switch (level) {
    case log_level::debug:
        return "debug";
    case log_level::info:
        return "info";
    case log_level::warning:
        return "warning";
    case log_level::error:
        return "error";
    }
    return "unknown";
}

logger log_to_stderr(log_level level)
{
    return {.level = level, .sink = [time = system_clock()](log_level at, std::string_view line) {
                std::string text = domain::utc_text(time->wall_now()) + ' ';
                text += to_string(at);
                text += " cofila: ";
                text += line;
                text += '\n';
                std::fwrite(text.data(), 1, text.size(), stderr);  // unbuffered: one call is one write
            }};
}

}  // namespace cofila
