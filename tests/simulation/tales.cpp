#include "tales.hpp"

#include <algorithm>
#include <array>

namespace cofila::sim {

std::string_view to_string(tale what)
{
    static constexpr std::array<std::string_view, 18> names{
#define SIM_TEXT(name) #name,
        SIM_TALES(SIM_TEXT)
#undef SIM_TEXT
    };
    return names[static_cast<std::size_t>(what)];
}

void tales::owe(int node, const std::string& about, tale what, duty how)
{
    if (how == duty::swept && leaving_.contains(node))
        how = duty::unknown;
    stories_[{node, about}].all.push_back({.what = what, .how = how});
}

/// The next one that has to be told, or one that may be. Where it could be either it counts as the first: when that is
/// told for its own part, it counts as the other.
bool tales::tell(int node, const std::string& about, tale what)
{
    const auto known = stories_.find({node, about});
    if (known == stories_.end())
        return false;
    auto& [all, told] = known->second;
    while (told < all.size() && (all[told].told || all[told].how == duty::unknown))
        ++told;
    if (told < all.size() && all[told].what == what)
        return all[told].told = true;
    const auto late = std::ranges::find_if(all, [&](const owed& one) {
        return one.what == what && one.how == duty::unknown && !one.told;
    });
    return late != all.end() && (late->told = true);
}

void tales::leave(int node)
{
    leaving_.insert(node);
    for (auto at = stories_.lower_bound({node, {}}); at != stories_.end() && at->first.first == node; ++at)
        for (auto& one : at->second.all)
            if (one.how == duty::swept)
                one.how = duty::unknown;
}

std::string tales::missing(int node) const
{
    for (auto at = stories_.lower_bound({node, {}}); at != stories_.end() && at->first.first == node; ++at)
        for (const auto& one : at->second.all)
            if (!one.told && one.how != duty::unknown)
                return "'" + std::string{to_string(one.what)} + "' of '" + at->first.second + "'";
    return {};
}

}  // namespace cofila::sim
