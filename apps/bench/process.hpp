#pragma once
#include <boost/json/object.hpp>

#include <vector>

#include "task.hpp"

namespace bench {

/// Runs each task in a process of its own, all at once, so that neither memory nor caches of an earlier one count.
/// Returns what each measured. Throws `std::runtime_error` if one fails.
std::vector<boost::json::object> in_processes(const std::vector<task>& what);

/// The other end: runs the task and prints what it measured. Returns the exit code.
int run_task(const task& work);

}  // namespace bench
