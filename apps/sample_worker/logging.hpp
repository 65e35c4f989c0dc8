#pragma once
#include <cofila/logger.hpp>

namespace sample {

/// Sends spdlog's lines to standard error: standard output belongs to the results.
void log_to_stderr();

/// The library's log lines, warnings and up.
cofila::logger to_spdlog();

}  // namespace sample
