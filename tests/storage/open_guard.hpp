#pragma once
#include <string>
#include <vector>

namespace cofila::test {

/// Watches every open and close of a database, its log and its shared memory (`*.db`, `-wal`, `-shm`, `-journal`) in
/// this process, by standing in the way of libc's functions. Where anybody but SQLite does so, SQLite's locks may be
/// gone. One at a time; the program has to be linked with open_guard.cpp.
class open_guard {
public:
    open_guard();
    open_guard(const open_guard&) = delete;
    open_guard& operator=(const open_guard&) = delete;
    ~open_guard();

    /// How often SQLite has opened one of these files.
    int by_sqlite() const;
    /// How often somebody else has made a database (never a log) that did not exist: so nobody could have a lock on it.
    int made() const;
    /// What else somebody else has done, as in "open64 /tmp/x/jobs.db".
    std::vector<std::string> by_others() const;
};

}  // namespace cofila::test
