#pragma once
#include <sqlite3.h>

#include <memory>
#include <optional>
#include <vector>

#include "storage/default_files.hpp"
#include "support/manual_clock.hpp"

namespace cofila::test {

/// What can go wrong with a file.
enum class fault {
    read,
    short_read,
    write,
    torn_write,  // half of it, then an error
    no_space,
    sync,
    truncate,
    open,
    lock,
    shm_map,
    shm_lock,
    size,
    remove,
    access,
};
inline constexpr int fault_kinds = static_cast<int>(fault::access) + 1;
const char* name_of(fault kind);

/// SQLite's file layer as it was, but for the faults that a test plans. Nothing is really synced: of a process that
/// dies the system keeps all. Waiting moves the clock, and takes no time.
class fault_files {
public:
    struct plan {
        fault kind{};
        long nth = 1;           ///< The first operation of its kind that fails.
        bool for_ever = false;  ///< And all after it.
    };

    explicit fault_files(std::shared_ptr<manual_clock> clock);

    void expect(plan faults);
    /// All is well again.
    void heal() { planned_.reset(); }
    /// How often something failed since `expect`.
    long hits() const { return hits_; }

private:
    struct file;
    struct calls;

    bool fails(fault kind);

    sqlite3_vfs* const base_;
    const std::shared_ptr<manual_clock> clock_;
    std::optional<plan> planned_{};
    long seen_ = 0;
    long hits_ = 0;
    int waited_ = 0;  // microseconds, not yet on the clock
    sqlite3_vfs vfs_;
    default_files registered_;
};

}  // namespace cofila::test
