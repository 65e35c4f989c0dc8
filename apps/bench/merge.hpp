#pragma once
#include <boost/json/object.hpp>

#include <vector>

namespace bench {

/// Makes one result from those of several processes, in the order of their tasks. Throws `std::runtime_error` if a job
/// was lost or processed twice.
using merge_results = boost::json::object (*)(const std::vector<boost::json::object>& results);

/// Of workers that shared the work, then of the process that watched their locks.
boost::json::object merge_shared(const std::vector<boost::json::object>& results);

/// Of workers, then of the process that added.
boost::json::object merge_crowd(const std::vector<boost::json::object>& results);

/// Of the worker, then of the process that added.
boost::json::object merge_add_to_start(const std::vector<boost::json::object>& results);

}  // namespace bench
