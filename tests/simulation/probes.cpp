#include "probes.hpp"

namespace cofila::sim {

std::string_view to_string(probe which)
{
    static constexpr std::array<std::string_view, probe_count> texts{
#define SIM_TEXT(name, text) text,
        SIM_PROBES(SIM_TEXT)
#undef SIM_TEXT
    };
    return texts[static_cast<std::size_t>(which)];
}

probe_counts& reached()
{
    static probe_counts counts{};
    return counts;
}

}  // namespace cofila::sim
