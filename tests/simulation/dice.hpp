#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <random>

namespace cofila::sim {

using time = std::chrono::nanoseconds;  ///< Virtual time since the beginning of a run, and lengths of it.

/// All chance of one run comes from here. The engine's numbers are the same everywhere; the standard's distributions
/// are not, so there are none.
class dice {
public:
    explicit dice(std::uint64_t seed) : engine_{seed} {}

    std::uint64_t next() { return engine_(); }
    /// 0 ... n - 1.
    std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
    /// Both ends included.
    int between(int low, int high) { return low + static_cast<int>(below(static_cast<std::size_t>(high - low) + 1)); }
    time between(time low, time high)
    {
        return low + time{static_cast<std::int64_t>(next() % static_cast<std::uint64_t>((high - low).count() + 1))};
    }
    bool chance(int in_a_thousand) { return static_cast<int>(below(1000)) < in_a_thousand; }
    /// The same, but draws nothing if the chance is 0: a run without it stays as it was.
    bool perhaps(int in_a_thousand) { return in_a_thousand > 0 && chance(in_a_thousand); }

    /// Mostly near the lower end, now and then near the upper: lengths of all magnitudes in between.
    time any_length(time low, time high)
    {
        auto top = low;
        while (top < high && chance(700))
            top *= 2;
        return between(low, top < high ? top : high);
    }

    template <class Choices>
    const auto& one_of(const Choices& choices)
    {
        return choices[below(std::size(choices))];
    }

private:
    std::mt19937_64 engine_;
};

}  // namespace cofila::sim
