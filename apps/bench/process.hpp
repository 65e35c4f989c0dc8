#pragma once
#include <boost/json/object.hpp>

#include <vector>

#include "task.hpp"

namespace bench {

/// Does each task in a process of its own, all at once, so that neither memory nor caches of what was before count.
/// Gives what each measured. Throws `std::runtime_error` when one fails.
std::vector<boost::json::object> in_processes(const std::vector<task>& what);

/// The other end: does the task and prints what it measured. Gives the exit code.
int run_task(const task& what);

}  // namespace bench
