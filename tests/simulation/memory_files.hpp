#pragma once
#include <sqlite3.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace cofila::sim {

/// What a call of the file layer can be made to answer.
enum class call { read, write, sync, committed };

/// A disk in memory: the files of one simulated machine, with locks and shared memory as SQLite wants them, and with
/// faults. It is SQLite's default file layer while it lives; one at a time.
class memory_files {
public:
    struct surroundings {
        std::function<void(int)> sleep;     ///< Microseconds.
        std::function<bool()> locked_out;   ///< Somebody who is none of ours holds the lock for writing.
        std::function<void()> log_written;  ///< As inotify would tell.
        std::function<void()> log_copied;   ///< Into the file.
    };

    explicit memory_files(surroundings around);
    memory_files(const memory_files&) = delete;
    memory_files& operator=(const memory_files&) = delete;
    ~memory_files();

    /// The n-th call of this kind from now answers `result`; once. `call::committed` is asked after a commit has taken
    /// place, so that an error there is a commit that is reported as failed.
    void fail(call which, int nth, int result);
    /// Nothing is planned to fail. True: something has failed since it was planned.
    bool calm();
    /// Nothing can be written until further notice.
    void fill(bool full) noexcept { full_ = full; }
    /// Whether somebody shares what is known of the log. Who comes when nobody does reads the log anew.
    bool is_shared() const noexcept { return shared_by_ > 0; }
    /// How often nobody did any more.
    std::uint64_t times_forgotten() const noexcept { return forgotten_; }
    /// Nothing can be read or written: it is a dead process that would.
    void cut_off(bool dead) noexcept { dead_ = dead; }

    struct file {
        std::string bytes{};
        int shared = 0;
        const void* reserved = nullptr;  ///< Which connection holds it.
        const void* pending = nullptr;
        std::vector<std::unique_ptr<char[]>> regions{};
        int mapped = 0;  ///< Connections that use the shared memory.
        std::array<int, SQLITE_SHM_NLOCK> readers{};
        std::array<const void*, SQLITE_SHM_NLOCK> writers{};
        bool is_log = false;
    };

    // For the functions that SQLite calls.
    void join() noexcept { ++shared_by_; }
    void leave() noexcept { forgotten_ += --shared_by_ == 0 ? 1U : 0U; }
    file* open(const std::string& name, bool create);
    bool exists(const std::string& name) const { return files_.contains(name); }
    void remove(const std::string& name);
    int check(call which);
    const surroundings around;

private:
    std::map<std::string, std::unique_ptr<file>> files_{};
    std::vector<std::unique_ptr<file>> removed_{};  // somebody may have one open
    call planned_ = call::read;
    int countdown_ = 0;  // 0: nothing is planned
    int result_ = SQLITE_OK;
    bool failed_ = false;
    bool full_ = false;
    int shared_by_ = 0;
    std::uint64_t forgotten_ = 0;
    bool dead_ = false;
};

}  // namespace cofila::sim
