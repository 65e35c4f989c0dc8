#pragma once
#include <cstdint>

namespace cofila::domain {

/// Draws for those who must not all do something at the same time. Repeats itself for the same seed, which the random
/// port gives; good for nothing that somebody might want to guess.
class jitter {
public:
    explicit jitter(std::uint64_t seed) : state_{seed} {}

    /// Uniform in [0, 1).
    double draw()
    {
        state_ += 0x9E3779B97F4A7C15U;
        auto mixed = (state_ ^ (state_ >> 30U)) * 0xBF58476D1CE4E5B9U;
        mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
        return static_cast<double>((mixed ^ (mixed >> 31U)) >> 11U) * 0x1p-53;
    }

private:
    std::uint64_t state_;
};

}  // namespace cofila::domain
