#pragma once
#include <string>
#include <string_view>

namespace sample {

/// File names are bytes; JSON and terminals want text. Valid UTF-8 stays readable; `%`, control characters and every
/// byte that is not UTF-8 become `%XX`. Reversible: different names are encoded differently.
std::string encode_name(std::string_view bytes);

/// Throws `std::runtime_error` for text that `encode_name` never writes.
std::string decode_name(std::string_view text);

}  // namespace sample
