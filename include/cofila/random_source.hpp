#pragma once
#include <cofila/detail/compiler.hpp>

#include <cstdint>
#include <memory>

namespace cofila {

/// The port for all randomness: ids, lock tokens and jitter.
class random_source {
public:
    virtual ~random_source() = default;
    /// Returns 64 random bits. An engine makes one call at a time, on any thread; for calls without an engine see
    /// `environment`.
    virtual std::uint64_t next() = 0;
};

/// Returns a source that is seeded by the operating system.
std::shared_ptr<random_source> system_random();

}  // namespace cofila
