#include "measures.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace bench {

namespace asio = boost::asio;

namespace {

double seconds_of(clockid_t clock)
{
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Enough to show "too often" in one digit.
constexpr std::uint8_t most = 9;

double rounded(double value, double unit) { return std::round(value / unit) * unit; }

}  // namespace

double now() { return seconds_of(CLOCK_MONOTONIC); }

asio::awaitable<void> pause(std::chrono::steady_clock::duration time)
{
    asio::steady_timer timer{co_await asio::this_coro::executor, time};
    co_await timer.async_wait(asio::use_awaitable);
}

boost::json::object rate(std::int64_t jobs, double seconds)
{
    return {
        {"n", jobs},
        {"secs", rounded(seconds, 0.001)},
        {"jobs_s", static_cast<std::int64_t>(static_cast<double>(jobs) / seconds)}
    };
}

boost::json::object paced(std::int64_t jobs, double seconds)
{
    auto out = rate(jobs, seconds);
    out["paced"] = true;
    return out;
}

boost::json::object latencies(std::vector<double> seconds)
{
    std::ranges::sort(seconds);
    const auto at = [&](double part) {
        const auto index = static_cast<std::size_t>(static_cast<double>(seconds.size()) * part);
        return rounded(seconds[std::min(index, seconds.size() - 1)] * 1e6, 0.1);
    };
    return {{"p50_us", at(0.5)}, {"p90_us", at(0.9)}, {"p99_us", at(0.99)}, {"max_us", at(1)}};
}

double cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

double peak_memory()
{
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    return rounded(static_cast<double>(use.ru_maxrss) / 1024, 0.1);
}

void deliveries::processed(std::int64_t number)
{
    const auto index = static_cast<std::size_t>(number);
    if (index >= processed_.size())
        processed_.resize(index + 1);
    auto& count = processed_[index];
    if (count < most)
        ++count;
}

bool deliveries::exact(std::size_t jobs, int times) const
{
    const auto none = std::ranges::count(processed_, 0);
    const auto right = std::ranges::count(processed_, static_cast<std::uint8_t>(times));
    return static_cast<std::size_t>(right) == jobs && static_cast<std::size_t>(none + right) == processed_.size();
}

std::string deliveries::digits() const
{
    std::string out;
    out.reserve(processed_.size());
    for (const auto count : processed_)
        out += static_cast<char>('0' + count);
    return out;
}

void deliveries::add(std::string_view digits)
{
    for (std::size_t number = 0; number < digits.size(); ++number)
        for (auto count = digits[number]; count > '0'; --count)
            processed(static_cast<std::int64_t>(number));
}

}  // namespace bench
