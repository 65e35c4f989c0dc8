#pragma once
#include <string>
#include <vector>

#include "merge.hpp"
#include "task.hpp"

namespace bench {

/// One row of the results: what is prepared, and what is measured.
struct step {
    std::string workload{};      ///< As in the table: "W3.c10".
    std::vector<task> once{};    ///< Prepares one store for all repetitions; if empty, each has its own.
    std::vector<task> before{};  ///< Prepares each repetition.
    std::vector<task> run{};     ///< What is measured: a process for each, all at once.
    merge_results merge{};       ///< Makes one result from theirs; null if there is only one.
    bool looks_at_file = false;  ///< It reads the SQLite file beside the engine.
};

/// The steps with these names ("W3" means all of its rows). With `jobs` 0 each has the number of the table. Throws
/// `std::invalid_argument` for an unknown name.
std::vector<step> plan(const std::vector<std::string>& names, std::int64_t jobs);

}  // namespace bench
