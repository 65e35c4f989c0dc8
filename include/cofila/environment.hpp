#pragma once
#include <cofila/clock.hpp>
#include <cofila/random_source.hpp>

#include <memory>

namespace cofila {

/// The sources of time and randomness for a call without an engine. Both members must be set.
///
/// Thread: such a call uses them on its own thread, so a `random` of your own that several threads share must allow
/// that.
struct environment {
    std::shared_ptr<cofila::clock> clock{};
    std::shared_ptr<random_source> random{};

    /// Returns the machine's clock, and random numbers that the operating system supplies one by one. Both work on any
    /// number of threads, and after `fork()` too.
    static const environment& system();
};

}  // namespace cofila
