#pragma once
#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>

#include "storage/damage.hpp"
#include "storage/default_files.hpp"

namespace cofila::test {

/// A disk in memory, as SQLite's file layer, that knows what was synced. For one thread.
class power_disk {
public:
    /// A moment: what the power failure would hit.
    using image = std::map<std::string, disk_file>;

    power_disk();
    ~power_disk();

    image now() const;
    /// The power failed at that moment, and is back. Nobody may have a file open.
    void restart(const image& from, damage how, std::uint32_t seed);
    /// Called before each sync.
    std::function<void()> on_sync{};
    /// From this number of writes on it reports syncs that it has not made.
    std::uint64_t lies_after = std::numeric_limits<std::uint64_t>::max();

private:
    bool lies() const { return writes_ > lies_after; }

    struct node;
    struct handle;
    struct calls;

    std::map<std::string, std::shared_ptr<node>> files_{};
    std::map<std::string, disk_file> removed_{};  // not synced yet: they may come back
    std::uint64_t writes_ = 0;
    sqlite3_vfs* const base_;
    sqlite3_vfs vfs_;
    default_files registered_;
};

}  // namespace cofila::test
