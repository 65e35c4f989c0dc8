#include "sqlite/problem.hpp"

#include <sqlite3.h>

namespace cofila::sqlite {

namespace {

error with(errc code, const SQLite::Exception& e, const std::string& path, const std::string& advice)
{
    return {
        code,
        "'" + path + "': " + e.what() + " (SQLite code " + std::to_string(e.getExtendedErrorCode()) + "); " + advice
    };
}

}  // namespace

error describe(const SQLite::Exception& e, const std::string& path)
{
    switch (e.getErrorCode() & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return with(errc::storage_busy, e, path, "somebody else holds the file; try again");
    case SQLITE_FULL:
        return with(errc::storage_full, e, path, "make room on the disk");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return with(errc::storage_corrupt, e, path, "the file is damaged or no database; restore it from a backup");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return with(errc::storage_readonly, e, path, "the file and its folder must exist and be writable");
    default:
        return with(errc::outcome_unknown, e, path, "the disk failed; look at its health");
    }
}

error describe_commit(const SQLite::Exception& e, const std::string& path)
{
    // Refused before anything was written.
    const int code = e.getErrorCode() & 0xFF;
    if (code == SQLITE_BUSY || code == SQLITE_FULL || code == SQLITE_READONLY)
        return describe(e, path);
    return with(errc::outcome_unknown, e, path, "whether the change was stored shows after the next start");
}

}  // namespace cofila::sqlite
