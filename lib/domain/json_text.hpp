#pragma once
#include <cstddef>
#include <string_view>

namespace cofila::domain {

/// The deepest nesting that is accepted, on the way in and on the way out.
inline constexpr std::size_t json_depth = 64;

/// Throws unless `text` is one JSON value that may be stored: at most `size_limit` bytes (`errc::payload_too_large`),
/// UTF-8, at most `json_depth` levels, finite numbers (`errc::invalid_argument`). `field` names it in the error.
void check_json(std::string_view field, std::string_view text, std::size_t size_limit);

}  // namespace cofila::domain
