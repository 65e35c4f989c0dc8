#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "probes.hpp"

namespace cofila::sim {

struct campaign {
    std::vector<std::uint64_t> seeds{};
    std::uint64_t steps = 2000;  ///< With faults, of each seed.
    unsigned processes = 1;      ///< The seeds are shared out among this many.
    std::string database{};      ///< Path of an empty file.
    bool verbose = false;        ///< Say what each seed is like.
};

/// What has been done so far, by all processes together.
struct figures {
    std::uint64_t seeds = 0;
    std::uint64_t failures = 0;
    std::uint64_t twice = 0;  ///< Seeds that were run a second time, with the same trace.
    std::uint64_t steps = 0;
    std::uint64_t jobs = 0;
    std::uint64_t virtual_milliseconds = 0;
    std::uint64_t trace = 0;  ///< Of all seeds, whoever ran them: two builds that have the same did the same.
    probe_counts probes{};
};

figures run(const campaign& what);

}  // namespace cofila::sim
