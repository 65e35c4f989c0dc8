#pragma once
#include <cofila/random_source.hpp>

#include <cstdint>

namespace cofila::test {

/// Counts: 1, 2, 3 ...
class fixed_random final : public random_source {
public:
    std::uint64_t next() override { return ++drawn_; }
    std::uint64_t drawn() const { return drawn_; }

private:
    std::uint64_t drawn_ = 0;
};

}  // namespace cofila::test
