// F33: a disk that says it has synced, and has not.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <optional>

#include "storage/power_history.hpp"
#include "support/share.hpp"

using namespace cofila;
using namespace cofila::test;

namespace {

/// A life on such a disk, with full durability.
struct liar {
    temp_folder folder{};
    power_disk disk{};
    sqlite::connection_options options{};
    power_history was{};

    explicit liar(std::uint32_t seed)
    {
        const auto clock = std::make_shared<manual_clock>();
        options = options_for(folder, durability::full, clock);
        // Half of them always, the others from some moment on: then there is an older state to be mixed with.
        disk.lies_after = seed % 2 == 0 ? 0 : seed * 37 % 400;
        was = live(disk, options, clock, seed);
    }

    /// Which of the states that the store was in; none: another one, or it is damaged.
    std::optional<std::size_t> state_of(const std::string& content) const
    {
        const auto found = std::ranges::find(was.contents, content);
        return found == was.contents.end() ? std::nullopt
                                           : std::optional{static_cast<std::size_t>(found - was.contents.begin())};
    }
};

}  // namespace

TEST_SUITE_BEGIN("lying disk");

TEST_CASE("F33: if it keeps the order, a power failure takes the end of what was acknowledged, and nothing else")
{
    int cases = 0;
    int behind = 0;
    for (std::uint32_t seed = 1; cases < 1000 / one_of(); ++seed) {
        liar here{seed};
        for (const auto& at : here.was.points)
            for (const auto how : {damage::cut, damage::dropped}) {
                ++cases;
                INFO("seed ", seed, ", case ", cases);
                here.disk.restart(at.disk, how, static_cast<std::uint32_t>(cases));
                const auto left = here.state_of(sound_content(here.options));
                REQUIRE(left);
                CHECK(*left <= at.answered + 1);
                behind += *left < at.answered ? 1 : 0;
            }
    }
    std::printf("a disk that lies, in order: %d cases, %d behind, 0 no prefix, 0 corrupt\n", cases, behind);
    CHECK(behind > cases / 4);
}

TEST_CASE(
    "F33: if it keeps no order, the damage is mostly found; what SQLite cannot find is not promised to be a prefix"
)
{
    int cases = 0;
    int prefixes = 0;
    int damaged = 0;
    for (std::uint32_t seed = 1; cases < 2000 / one_of(); ++seed) {
        liar here{seed};
        for (const auto& at : here.was.points)
            for (const auto how : {damage::reordered, damage::garbled, damage::zeroed}) {
                ++cases;
                here.disk.restart(at.disk, how, static_cast<std::uint32_t>(cases));
                try {
                    prefixes += here.state_of(sound_content(here.options)) ? 1 : 0;
                } catch (const std::exception&) {
                    ++damaged;
                }
            }
    }
    const int unnoticed = cases - prefixes - damaged;
    std::printf(
        "a disk that lies, in any order: %d cases, %d an earlier state, %d found to be damaged, %d neither\n",
        cases,
        prefixes,
        damaged,
        unnoticed
    );
    CHECK(damaged > 0);
    CHECK(unnoticed <= cases / 100);
}

TEST_SUITE_END();
