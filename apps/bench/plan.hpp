#pragma once
#include <string>
#include <vector>

#include "merge.hpp"
#include "task.hpp"

namespace bench {

/// One row of the results: what is prepared, and what is measured.
struct step {
    std::string workload{};      ///< As in the table: "W3.c10".
    std::vector<task> once{};    ///< Prepares a store for all repetitions; none: each has its own.
    std::vector<task> before{};  ///< Prepares each repetition.
    std::vector<task> run{};     ///< What is measured: a process for each, all at once.
    merge_results merge{};       ///< Makes one result of theirs; null where there is one.
};

/// The steps of these names ("W3" means all of its rows). `jobs` 0: the numbers of the table.
/// Throws `std::invalid_argument` for a name that is none.
std::vector<step> plan(const std::vector<std::string>& names, std::int64_t jobs);

}  // namespace bench
