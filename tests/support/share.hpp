#pragma once
#include <cstdlib>

namespace cofila::test {

/// A campaign runs one case of this many: under a sanitizer each takes several times as long. A prime, so that what
/// repeats, as the bits of a byte do, is still met everywhere.
inline int one_of() { return std::getenv("COFILA_SANITIZED") ? 11 : 1; }

}  // namespace cofila::test
