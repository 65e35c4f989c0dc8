#pragma once
#include <string>
#include <string_view>

namespace sample {

/// File names are bytes, JSON is UTF-8: bytes beyond ASCII, and `%` itself, become `%XX`. Reversible.
std::string encode_name(std::string_view bytes);
std::string decode_name(std::string_view text);

}  // namespace sample
