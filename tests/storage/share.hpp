#pragma once
#include <cstdlib>

namespace cofila::test {

/// The campaigns do one case of so many: under a sanitizer each takes several times as long.
inline int one_of() { return std::getenv("COFILA_SANITIZED") ? 10 : 1; }

}  // namespace cofila::test
