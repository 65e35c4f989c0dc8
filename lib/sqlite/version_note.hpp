#pragma once
#include <optional>
#include <string>

namespace cofila::sqlite {

/// A note about this version of SQLite (as a number: 3051003 is 3.51.3); unset if there is none.
std::optional<std::string> version_note(int version);

}  // namespace cofila::sqlite
