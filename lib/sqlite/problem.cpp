#include "sqlite/problem.hpp"

#include <sqlite3.h>

#include <new>

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

error describe_current(const std::string& path)
{
    try {
        throw;
    } catch (const SQLite::Exception& e) {
        return describe(e, path);
    } catch (const error& e) {
        return e;
    } catch (const std::exception& e) {
        return describe_other(e, path);
    }
}

error describe_current_commit(const std::string& path)
{
    try {
        throw;
    } catch (const SQLite::Exception& e) {
        return describe_commit(e, path);
    } catch (const std::exception& e) {
        return unknown_outcome(e, path);
    }
}

error describe(const SQLite::Exception& e, const std::string& path)
{
    if (e.getErrorCode() < 0)  // found by SQLiteCpp, before it called SQLite
        return describe_other(e, path);
    if (e.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE)
        return with(errc::storage_full, e, path, "make room on the disk");
    switch (e.getErrorCode() & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return with(errc::storage_busy, e, path, "somebody else holds the file; try again");
    case SQLITE_NOMEM:
        return with(errc::storage_busy, e, path, "nothing was changed; try again");
    case SQLITE_INTERRUPT:
        return with(errc::storage_busy, e, path, "it took longer than operation_deadline, and nothing was changed");
    case SQLITE_FULL:
        return with(errc::storage_full, e, path, "make room on the disk");
    case SQLITE_TOOBIG:
        return with(errc::payload_too_large, e, path, "SQLite stores no text as long as this");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return with(errc::storage_readonly, e, path, "the file and its folder must exist and be writable");
    case SQLITE_IOERR:
        return with(errc::storage_readonly, e, path, "the disk failed and nothing was changed; look at its health");
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_INTERNAL:
        return describe_other(e, path);
    default:
        return with(errc::storage_corrupt, e, path, "the file is damaged or no database; restore it from a backup");
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

error unknown_outcome(const std::exception& e, const std::string& path)
{
    return {
        errc::outcome_unknown,
        "'" + path + "': " + e.what() + "; whether the change was stored shows after the next start"
    };
}

error describe_other(const std::exception& e, const std::string& path)
{
    if (dynamic_cast<const std::bad_alloc*>(&e))
        return {errc::storage_busy, "'" + path + "': out of memory; nothing was changed, try again"};
    return {
        errc::internal,
        "'" + path + "': " + e.what() + "; this is a mistake of cofila, nothing was changed; please report it"
    };
}

}  // namespace cofila::sqlite
