#include "sqlite/file_place.hpp"

#include <cofila/error.hpp>

#include <SQLiteCpp/Statement.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <system_error>

namespace cofila::sqlite {

namespace {

namespace fs = std::filesystem;

}  // namespace

error unwritable(const std::string& path)
{
    return {errc::storage_readonly, "'" + path + "' cannot be written; look at its permissions"};
}

bool has_content(const std::string& path)
{
    auto* const files = sqlite3_vfs_find(nullptr);
    int found = 0;
    return files->xAccess(files, path.c_str(), SQLITE_ACCESS_EXISTS, &found) != SQLITE_OK || found != 0;
}

void check_place(const std::string& path)
{
    std::error_code failed;
    const auto what = fs::status(path, failed);
    if (fs::exists(what) && !fs::is_regular_file(what))
        throw error{errc::storage_readonly, "'" + path + "' is no regular file"};
    if (!fs::is_directory(fs::path{path}.parent_path(), failed))
        throw error{errc::storage_readonly, "the folder of '" + path + "' does not exist or cannot be entered"};
}

bool create_private(const std::string& path)
{
    static std::mutex one_at_a_time;
    const std::lock_guard lock{one_at_a_time};
    const int made = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR);
    return made >= 0 && ::close(made) == 0;
}

void switch_to_log(connection& to)
{
    for (int attempt = 0;; ++attempt) {
        try {
            to.db().exec("PRAGMA page_size=4096");
            SQLite::Statement log{to.db(), "PRAGMA journal_mode=WAL"};
            if (log.executeStep() && log.getColumn(0).getString() == "wal")
                return;
            throw error{
                errc::storage_readonly,
                "'" + to.path() + "' cannot have a write-ahead log there; put it on a local disk"
            };
        } catch (const SQLite::Exception& e) {
            if ((e.getErrorCode() & 0xFF) != SQLITE_BUSY || !to.wait_for_others(attempt))
                throw;
        }
    }
}

std::string resolved_path(const std::string& path)
{
    if (path.empty() || path.find('\0') != std::string::npos)
        throw error{errc::invalid_argument, "database", "must name a file"};
    if (path == ":memory:" || path.starts_with("file:"))
        throw error{
            errc::invalid_argument,
            "database",
            "must be a path, not '" + path + "'; for a queue in memory use memory_repository()"
        };
    std::error_code failed;
    const auto resolved = fs::weakly_canonical(fs::absolute(path, failed), failed);
    return failed ? path : resolved.string();
}

}  // namespace cofila::sqlite
