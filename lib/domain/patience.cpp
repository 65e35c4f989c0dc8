#include "domain/patience.hpp"

#include <algorithm>

namespace cofila::domain {

namespace {

using std::chrono::microseconds;

/// Back-to-back writers leave a gap of 0.3 ms (see database_thread): the first tries should find it.
constexpr microseconds shortest_try{50};
constexpr microseconds longest_try_of_few{8'000};
constexpr microseconds longest_try{100'000};
constexpr microseconds try_for_each_process{500};

constexpr microseconds first_step{1'000};
constexpr microseconds for_each_process{4'000};
constexpr microseconds longest_look{1'000'000};
constexpr int most_doublings = 10;

/// From half to one and a half times `length`.
microseconds around(microseconds length, double draw)
{
    return microseconds{static_cast<microseconds::rep>(static_cast<double>(length.count()) * (0.5 + draw))};
}

}  // namespace

microseconds pause_for_busy(std::chrono::steady_clock::duration waited, int processes, double draw)
{
    const auto part = std::chrono::duration_cast<microseconds>(waited / 8);
    const auto most = std::clamp(try_for_each_process * std::max(processes, 0), longest_try_of_few, longest_try);
    return around(std::clamp(part, shortest_try, most), draw);
}

microseconds pause_before_look(int fruitless, int processes, double draw)
{
    if (fruitless <= 0)
        return {};
    const auto grown = first_step * (1 << std::min(fruitless - 1, most_doublings));
    const auto shared = for_each_process * std::clamp(processes, 1, 1'000);
    const auto most = std::min({grown, shared, longest_look});
    return microseconds{static_cast<microseconds::rep>(static_cast<double>(most.count()) * draw)};
}

std::chrono::milliseconds pause_before_connecting(int attempt)
{
    constexpr std::chrono::milliseconds first{50};
    constexpr std::chrono::milliseconds longest{2'000};
    if (attempt <= 0)
        return {};
    return std::min(first * (1 << std::min(attempt - 1, most_doublings)), longest);
}

}  // namespace cofila::domain
