#pragma once
#include <boost/json/object.hpp>

#include <vector>

#include "task.hpp"

namespace bench {

/// Does the task in a process of its own, so that neither memory nor caches of what was before count; several at once
/// where there are several. Gives what each measured. Throws `std::runtime_error` when one fails.
std::vector<boost::json::object> in_processes(const task& what, int count = 1);

/// The other end: does the task and prints what it measured. Gives the exit code.
int run_task(const task& what);

}  // namespace bench
