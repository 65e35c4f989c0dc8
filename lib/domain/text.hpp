#pragma once
#include <cofila/time.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace cofila::domain {

/// The longest text of a failure or a log line that is kept.
inline constexpr std::size_t text_limit = 64 * 1024;

bool is_utf8(std::string_view text) noexcept;

/// Whether UTF-8 has control characters. Both kinds count: U+009B, too, begins a terminal's escape sequence.
bool has_control_characters(std::string_view text) noexcept;

/// One line that is harmless in a terminal or a log: control characters, line separators, characters that turn the
/// direction of text and bytes that are not UTF-8 are written as `\n`, `\x1B` or `\u202E`. Text longer than
/// `text_limit` is cut.
std::string printable_text(std::string_view text);

/// Text that every store takes, and that can be shown: what is not UTF-8, and a zero byte, is replaced by U+FFFD; text
/// longer than `text_limit` is cut between two characters and ends in a marker.
std::string storable_text(std::string text);

/// As in `2030-01-31T12:00:00.000Z` (RFC 3339).
std::string utc_text(time_point at);

}  // namespace cofila::domain
