#pragma once
#include <cofila/detail/compiler.hpp>

#include <cstdint>
#include <memory>

namespace cofila {

/// The port through which all chance enters: ids, lock tokens and jitter.
class random_source {
public:
    virtual ~random_source() = default;
    /// 64 random bits. An engine asks for one at a time, on any thread; for calls without an engine see
    /// `environment`.
    virtual std::uint64_t next() = 0;
};

/// Seeded by the operating system.
std::shared_ptr<random_source> system_random();

}  // namespace cofila
