#pragma once
#include <cstdint>

namespace cofila::domain {

/// Random numbers for processes that must not all act at the same time. The same seed, which comes from the random
/// port, gives the same numbers; not for anything that must not be guessed.
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
