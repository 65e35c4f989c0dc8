#pragma once
#include <memory>
#include <string>
#include <vector>

#include "integration/sqlite_support.hpp"
#include "storage/power_disk.hpp"

namespace cofila::test {

/// A moment at which the power might fail.
struct power_point {
    power_disk::image disk{};
    std::size_t answered = 0;  ///< Steps that the caller knows to be done; the next one may be under way.
};

struct power_history {
    std::vector<power_point> points{};
    std::vector<std::string> contents{};  ///< After each step; the first is that of an empty store.
};

sqlite::connection_options options_for(const temp_folder& folder, durability how, std::shared_ptr<manual_clock> clock);

/// A long life on this disk, with a point before each sync and after each step.
power_history live(
    power_disk& disk, const sqlite::connection_options& options, std::shared_ptr<manual_clock> clock, std::uint32_t seed
);

/// What the store holds after a clean start; throws where it is not sound.
std::string sound_content(const sqlite::connection_options& options);

}  // namespace cofila::test
