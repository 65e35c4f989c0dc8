#pragma once
#include <cofila/engine.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include "measures.hpp"
#include "message.hpp"
#include "task.hpp"

namespace bench {

/// What one process does and measures. The store is open; only what the workload is about is timed, and the clock stops
/// after the last commit was acknowledged. Throws if a job was lost or finished twice.
boost::asio::awaitable<boost::json::object> perform(task work, cofila::engine& engine);

/// Throws unless this many jobs were processed and completed exactly once, and no others.
boost::asio::awaitable<void> require_exact(queue jobs, deliveries delivered, std::int64_t count);

// adds.cpp
boost::asio::awaitable<boost::json::object> fill(task work, queue jobs);
boost::asio::awaitable<boost::json::object> add_one_by_one(task work, queue jobs);
boost::asio::awaitable<boost::json::object> add_together(task work, queue jobs);
boost::asio::awaitable<boost::json::object> add_a_million(task work, queue jobs);

// callers.cpp
boost::asio::awaitable<boost::json::object> add_beside_callers(task work, queue);

// drains.cpp
boost::asio::awaitable<boost::json::object> drain(task work, queue jobs);
boost::asio::awaitable<boost::json::object> drain_failing_once(task work, queue jobs);
/// Runs the worker until this many jobs are completed, and returns the seconds that took. With a deep queue it has
/// claimed some more by then, which are finished too.
boost::asio::awaitable<double> run_until_completed(cofila::worker<message>& working, queue jobs, std::int64_t count);

// groups.cpp
boost::asio::awaitable<boost::json::object> drain_tenants(task work, queue);
boost::asio::awaitable<boost::json::object> claim_unlimited(task work, queue);
boost::asio::awaitable<boost::json::object> claim_with_concurrency(task work, queue);
boost::asio::awaitable<boost::json::object> claim_with_rate(task work, queue);

// queues.cpp
boost::asio::awaitable<boost::json::object> add_beside_queues(task work, queue jobs);

// shared.cpp
boost::asio::awaitable<boost::json::object> drain_shared(task work, queue jobs);
boost::asio::awaitable<boost::json::object> watch_locks(task work, queue jobs);

// crowd.cpp
boost::asio::awaitable<boost::json::object> work_in_a_crowd(task work, queue jobs);
boost::asio::awaitable<boost::json::object> add_for_a_crowd(task work, queue jobs);

// waits.cpp
boost::asio::awaitable<boost::json::object> add_to_start(task work, queue jobs);
boost::asio::awaitable<boost::json::object> start_what_others_add(task work, queue jobs);
boost::asio::awaitable<boost::json::object> add_for_others(task work, queue jobs);
boost::asio::awaitable<boost::json::object> lateness(task work, queue jobs);
boost::asio::awaitable<boost::json::object> idle(task work, queue jobs);

}  // namespace bench
