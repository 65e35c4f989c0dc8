#pragma once
#include <cofila/detail/compiler.hpp>

#include <chrono>

namespace cofila {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Wall-clock time with the queue's resolution of one millisecond. Stored times have this type.
using time_point = std::chrono::sys_time<milliseconds>;

/// Time that never jumps. Used only for waiting and measuring, never stored.
using steady_time = std::chrono::steady_clock::time_point;

}  // namespace cofila
