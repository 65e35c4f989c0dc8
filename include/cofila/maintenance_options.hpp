#pragma once
#include <cofila/time.hpp>

namespace cofila {

/// Options of the sweeps that promote due jobs, fail expired ones, rescue stalled ones and remove finished ones whose
/// retention is over. Any number of processes may sweep one file at once.
struct maintenance_options {
    milliseconds interval = std::chrono::seconds{5};  ///< The longest time between two sweeps. > 0.
};

}  // namespace cofila
