#pragma once
#include <cofila/time.hpp>

namespace cofila::test {

/// The present, where a test needs no clock.
inline constexpr time_point new_year = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};

}  // namespace cofila::test
