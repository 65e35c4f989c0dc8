#pragma once
#include <cofila/engine.hpp>
#include <cofila/error.hpp>
#include <cofila/worker.hpp>

#include <boost/asio/awaitable.hpp>

#include <limits>
#include <string>
#include <vector>

#include "unit/application/app.hpp"

namespace cofila::test {

/// One way in which one public function fails.
struct error_case {
    const char* function;
    errc code;
    const char* field;  ///< Of `invalid_argument`; else empty.
    app_body provoke;   ///< Throws. What it stores beforehand ends with `prepared()` of the store.
};

// Each a table of its own, so that a function is found at a glance.
std::vector<error_case> queue_errors();
std::vector<error_case> setting_errors();
/// Of jobs that are processed by hand.
std::vector<error_case> manual_errors();
std::vector<error_case> worker_errors();
std::vector<error_case> job_errors();
std::vector<error_case> engine_errors();
/// Every function of a queue and of its jobs, after the close of the queue and of the engine.
std::vector<error_case> closed_errors();
/// Files that cannot be opened.
std::vector<error_case> open_errors();
/// Every function that writes, on a file that is busy, full or fails.
std::vector<error_case> storage_errors();

inline constexpr int least = std::numeric_limits<int>::min();
inline constexpr int most = std::numeric_limits<int>::max();

inline queue<> open_q(app& a) { return a.engine.queue("q"); }

/// A job that is active, with its claim.
inline asio::awaitable<claimed_job<boost::json::value, boost::json::value>> claimed(app& a)
{
    const auto q = open_q(a);
    (void)co_await q.add("x", 1, {.id = "active"});
    auto taken = co_await q.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    a.store->prepared();
    co_return taken.front();
}

inline asio::awaitable<claim> lost_claim(app& a)
{
    auto taken = co_await claimed(a);
    co_await rescue(a, "q", "active");
    a.store->prepared();
    co_return std::move(taken.claim);
}

}  // namespace cofila::test
