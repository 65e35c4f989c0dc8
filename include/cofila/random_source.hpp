#pragma once
#include <cofila/detail/compiler.hpp>

#include <cstdint>
#include <memory>

namespace cofila {

/// The port through which all chance enters: ids, lock tokens and jitter.
class random_source {
public:
    virtual ~random_source() = default;
    /// 64 random bits. Called on the engine's thread only.
    virtual std::uint64_t next() = 0;
};

/// Seeded by the operating system.
std::shared_ptr<random_source> system_random();

}  // namespace cofila
