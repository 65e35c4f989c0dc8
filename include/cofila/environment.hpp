#pragma once
#include <cofila/clock.hpp>
#include <cofila/random_source.hpp>

#include <memory>

namespace cofila {

/// What a call without an engine takes the time and chance from. Both members are set.
///
/// Thread: such a call uses them on its own thread, so a `random` of yours that several threads share has to allow
/// that.
struct environment {
    std::shared_ptr<cofila::clock> clock{};
    std::shared_ptr<random_source> random{};

    /// The machine's clock, and random numbers that the operating system gives one by one: for any number of threads,
    /// and after `fork()` too.
    static const environment& system();
};

}  // namespace cofila
