#pragma once
#include <cofila/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>

namespace cofila::domain {

/// One question to a server for its time.
struct time_answer {
    std::chrono::steady_clock::duration round_trip{};
    time_point server{};   ///< Read somewhere in between.
    time_point machine{};  ///< When the answer came.
};

/// How far a server's clock is ahead of the machine's, by the quickest of the latest readings. The error is at most
/// half of that one's round trip.
class clock_offset {
public:
    void add(const time_answer& answer)
    {
        if (latest_.size() == kept)
            latest_.pop_front();
        latest_.push_back(answer);
    }

    milliseconds now() const
    {
        if (latest_.empty())
            return {};
        const auto best = std::ranges::min(latest_, {}, &time_answer::round_trip);
        return best.server + std::chrono::round<milliseconds>(best.round_trip / 2) - best.machine;
    }

private:
    static constexpr std::size_t kept = 10;

    std::deque<time_answer> latest_{};
};

}  // namespace cofila::domain
