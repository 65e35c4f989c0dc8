#pragma once
#include <cofila/time.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace cofila::domain {

/// The longest text that is kept of a failure or a log line.
inline constexpr std::size_t text_limit = 64 * 1024;

bool is_utf8(std::string_view text) noexcept;

/// Of UTF-8. Both kinds count: U+009B, too, begins a terminal's escape sequence.
bool has_control_characters(std::string_view text) noexcept;

/// One line that does nothing to a terminal or a log: control characters, line separators, what turns the direction of
/// text and what is not UTF-8 are written as `\n`, `\x1B` or `\u202E`. Longer text than `text_limit` is cut.
std::string printable_text(std::string_view text);

/// Text that can always be stored and shown: what is not UTF-8 is replaced by U+FFFD, and what is longer than
/// `text_limit` is cut between two characters and ends in a marker.
std::string storable_text(std::string text);

/// As in `2030-01-31T12:00:00.000Z` (RFC 3339).
std::string utc_text(time_point at);

}  // namespace cofila::domain
