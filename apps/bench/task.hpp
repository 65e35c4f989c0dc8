#pragma once
#include <cofila/durability.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace bench {

/// What one process of a benchmark is asked to do.
struct task {
    std::string kind{};      ///< Names a workload (see workloads.hpp).
    std::string database{};  ///< A path, or a PostgreSQL database.
    std::string schema{};
    cofila::durability durability = cofila::durability::full;
    std::int64_t jobs = 0;
    int concurrency = 1;
    int prefetch = 0;
    int crowd = 0;         ///< Processes with a worker, which the adding process waits for.
    bool in_bulk = false;  ///< All jobs are added at once.
    std::chrono::microseconds spin{100};
};

}  // namespace bench
