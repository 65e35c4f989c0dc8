#pragma once
#include <optional>
#include <string>

namespace cofila::sqlite {

/// What there is to say about this version of SQLite (as a number: 3051003 is 3.51.3).
std::optional<std::string> version_note(int version);

}  // namespace cofila::sqlite
