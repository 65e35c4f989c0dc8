#pragma once
#include <cstddef>
#include <string>

namespace cofila::test {

/// Arrays within each other.
inline std::string nested_json(std::size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

}  // namespace cofila::test
