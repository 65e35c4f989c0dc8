#pragma once
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace cofila::test {

struct disk_write {
    bool truncates = false;
    std::size_t at = 0;  ///< Of a truncation: the new size.
    std::string bytes{};
    std::uint64_t number = 0;  ///< Counts the writes to all files of a disk.
};

/// A file of which not all is on the disk yet.
struct disk_file {
    std::string synced{};
    std::vector<disk_write> unsynced{};
    bool name_synced = false;
};

/// What a power failure does to that which was written and not synced.
enum class damage {
    dropped,    ///< Nothing of it is there.
    reordered,  ///< Some of it is, in any order.
    garbled,    ///< Some sectors are there, some are not, some hold nonsense.
    zeroed,     ///< Files have their new length, and zeros where the data is not there yet.
    kept,       ///< All of it is there.
    cut,        ///< All of it is there up to some write, and nothing after that, in no file.
};
inline constexpr int damages = static_cast<int>(damage::cut) + 1;
const char* name_of(damage what);

void put(std::string& content, const disk_write& what);
/// What is in the file when the power is back; `upto` is the last write before the cut.
std::string content_after(const disk_file& was, damage how, std::uint64_t upto, std::mt19937& with);

}  // namespace cofila::test
