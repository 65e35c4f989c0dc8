#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace cofila::domain {

/// The longest text that is kept of a failure or a log line.
inline constexpr std::size_t text_limit = 64 * 1024;

bool is_utf8(std::string_view text) noexcept;

/// Text that can always be stored and shown: what is not UTF-8 is replaced by U+FFFD, and what is longer than
/// `text_limit` is cut between two characters and ends in a marker.
std::string storable_text(std::string text);

}  // namespace cofila::domain
