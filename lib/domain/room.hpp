#pragma once
#include <cstdint>

namespace cofila::domain {

/// The state of the reserve for a full disk.
enum class reserve_state {
    none,    ///< Not made so far, and no process has found the disk full since.
    kept,    ///< There, for the day when the disk is full.
    let_go,  ///< That day has come, and the disk has had no room for it since.
};

/// The room that a store has, in bytes.
struct room {
    reserve_state reserve = reserve_state::none;
    std::uint64_t on_disk = 0;       ///< Free bytes.
    std::uint64_t in_file = 0;       ///< In free pages of the file.
    std::uint64_t reserve_size = 0;  ///< As long as the log may become.
};

/// The reserve must not fill the disk itself: as much again stays free.
constexpr bool may_make_reserve(const room& now) { return now.on_disk / 2 >= now.reserve_size; }

/// Jobs may be added as long as those that are there can be completed: with the reserve, or in pages that the file
/// already has. A process that opens the store later decides alike.
constexpr bool may_add(const room& now)
{
    return now.reserve != reserve_state::let_go || may_make_reserve(now) || now.in_file > now.reserve_size / 4;
}

}  // namespace cofila::domain
