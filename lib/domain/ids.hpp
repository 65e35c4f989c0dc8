#pragma once
#include <cofila/repository/lock.hpp>

#include <string>

namespace cofila::domain {

/// 32 hexadecimal digits.
std::string to_text(const lock_token& token);

}  // namespace cofila::domain
