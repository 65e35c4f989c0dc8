#pragma once
#include <sqlite3.h>

#include <stdexcept>

namespace cofila::test {

/// While it lives, SQLite does what it does with files through this file layer.
class default_files {
public:
    explicit default_files(sqlite3_vfs& files) : files_{files}
    {
        if (sqlite3_vfs_register(&files, 1) != SQLITE_OK)
            throw std::runtime_error{"SQLite does not take a file layer"};
    }
    default_files(const default_files&) = delete;
    default_files& operator=(const default_files&) = delete;
    ~default_files() { sqlite3_vfs_unregister(&files_); }

private:
    sqlite3_vfs& files_;
};

}  // namespace cofila::test
