#pragma once
#include <cofila/time.hpp>

#include <limits>

namespace cofila::test {

inline constexpr int many = std::numeric_limits<int>::max();
inline constexpr auto longest = milliseconds::max();
inline constexpr auto not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace cofila::test
