#pragma once
#include <cstdint>

namespace cofila::domain {

/// What there is of the reserve for a full disk.
enum class reserve_state {
    none,    ///< Not made so far: nobody has found the disk full since.
    kept,    ///< It is there, for the day when the disk is full.
    let_go,  ///< That day has come, and the disk had no room for it again so far.
};

/// The room that a store has, in bytes.
struct room {
    reserve_state reserve = reserve_state::none;
    std::uint64_t on_disk = 0;       ///< Free.
    std::uint64_t in_file = 0;       ///< Pages of the file that hold nothing.
    std::uint64_t reserve_size = 0;  ///< As long as the log may become.
};

/// The reserve must not be what fills the disk: as much again stays free.
constexpr bool may_make_reserve(const room& now) { return now.on_disk / 2 >= now.reserve_size; }

/// Jobs may be added as long as what is there can be completed: with the reserve, or in pages that the file has
/// already. Whoever opens the store later comes to the same answer.
constexpr bool may_add(const room& now)
{
    return now.reserve != reserve_state::let_go || may_make_reserve(now) || now.in_file > now.reserve_size / 4;
}

}  // namespace cofila::domain
