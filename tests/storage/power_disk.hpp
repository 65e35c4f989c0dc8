#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "storage/default_files.hpp"

namespace cofila::test {

/// What a power failure does to that which was written and not synced.
enum class damage {
    dropped,    ///< Nothing of it is there.
    reordered,  ///< Some of it is, in any order.
    garbled,    ///< Some sectors are there, some are not, some hold nonsense.
    zeroed,     ///< Files have their new length, and zeros where the data is not there yet.
    kept,       ///< All of it is there.
};
inline constexpr int damages = static_cast<int>(damage::kept) + 1;
const char* name_of(damage what);

/// A disk in memory, as SQLite's file layer, that knows what was synced. For one thread.
class power_disk {
public:
    struct write {
        bool truncates = false;
        std::size_t at = 0;  ///< Of a truncation: the new size.
        std::string bytes{};
    };
    struct file {
        std::string synced{};
        std::vector<write> unsynced{};
        bool name_synced = false;
    };
    /// A moment: what the power failure would hit.
    using image = std::map<std::string, file>;

    power_disk();
    ~power_disk();

    image now() const;
    /// The power failed at that moment, and is back. Nobody may have a file open.
    void restart(const image& from, damage how, std::uint32_t seed);
    /// Called before each sync.
    std::function<void()> on_sync{};

private:
    struct node;
    struct handle;
    struct calls;

    std::map<std::string, std::shared_ptr<node>> files_{};
    std::map<std::string, file> removed_{};  // not synced yet: they may come back
    sqlite3_vfs* const base_;
    sqlite3_vfs vfs_;
    default_files registered_;
};

}  // namespace cofila::test
