#pragma once
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

/// How long a campaign is, and what it prints.
namespace cofila::test {

/// What the variable says; else as much as a long campaign has where COFILA_SOAK is set, and what CI has time for
/// where it is not.
inline int amount(const char* variable, int in_ci, int in_soak)
{
    if (const char* const said = std::getenv(variable))
        return std::atoi(said);
    return std::getenv("COFILA_SOAK") ? in_soak : in_ci;
}

/// COFILA_SEED, or a new one. Processes run as they like: a seed gives the same kills, not the same history.
inline std::uint32_t seed()
{
    static const auto drawn = [] {
        const char* const said = std::getenv("COFILA_SEED");
        return said ? static_cast<std::uint32_t>(std::strtoul(said, nullptr, 10)) : std::random_device{}();
    }();
    return drawn;
}

inline void figure(const std::string& text)
{
    std::printf("%s (COFILA_SEED=%u)\n", text.c_str(), seed());
    std::fflush(stdout);
}

}  // namespace cofila::test
