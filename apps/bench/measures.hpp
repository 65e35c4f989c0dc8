#pragma once
#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// Seconds since some moment that is the same for every process.
double now();

boost::asio::awaitable<void> pause(std::chrono::steady_clock::duration time);

/// `n`, `secs`, `jobs_s`.
boost::json::object rate(std::int64_t jobs, double seconds);

/// The same for a workload that sets its own pace, so that its rate means nothing.
boost::json::object paced(std::int64_t jobs, double seconds);

/// `p50_us` ... `max_us`, from times in seconds.
boost::json::object latencies(std::vector<double> seconds);

/// CPU time of this process so far, in seconds.
double cpu_seconds();

/// The most memory that this process has had, in MiB.
double peak_memory();

/// Counts how often each job was processed.
class deliveries {
public:
    void processed(std::int64_t number);
    /// Whether `jobs` jobs have been processed `times` times each, and no others.
    bool exact(std::size_t jobs, int times = 1) const;

    /// One digit for each job, for another process to add up.
    std::string digits() const;
    void add(std::string_view digits);

private:
    std::vector<std::uint8_t> processed_{};
};

}  // namespace bench
