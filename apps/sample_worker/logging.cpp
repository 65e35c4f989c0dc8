#include "logging.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <string_view>

namespace sample {

void log_to_stderr() { spdlog::set_default_logger(spdlog::stderr_color_mt("sample_worker")); }

cofila::logger to_spdlog()
{
    return {.level = cofila::log_level::warning, .sink = [](cofila::log_level level, std::string_view line) {
                spdlog::log(level == cofila::log_level::error ? spdlog::level::err : spdlog::level::warn, "{}", line);
            }};
}

}  // namespace sample
