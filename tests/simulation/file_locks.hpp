#pragma once
#include <sqlite3.h>

#include "memory_files.hpp"

namespace cofila::sim {

/// SQLite's own handle of a file that is open.
struct open_file {
    sqlite3_file base;
    memory_files::file* of;
    int level;
    unsigned shared_locks;
    unsigned exclusive_locks;
    bool mapped;
};

inline open_file& opened(sqlite3_file* handle) { return *reinterpret_cast<open_file*>(handle); }

// The locks of the file itself; those of its log are in file_layer.cpp.
int lock(sqlite3_file* handle, int level);
int unlock(sqlite3_file* handle, int level);

}  // namespace cofila::sim
