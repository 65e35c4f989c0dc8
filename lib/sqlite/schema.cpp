// The tables, their migrations, and the decision whether a file may be opened. `check_file` comes first and leaves
// a file as it is: one that does not exist is made, readable by its owner only; any other is looked at
// read-only, and if it has no log even as an immutable one, since a connection in WAL mode would leave two files beside
// a database that is then refused. Refused are files of another application (unless `embed`), newer schemas, texts that
// are not UTF-8, and objects among our tables that are not ours. `migrate` then switches the file to WAL and runs the
// missing migrations in one transaction, after it has checked again under the write lock: of several processes that
// open a new file at once, one migrates and the others find it done. A failure rolls all of it back. Descriptors of the
// database are never closed by us while a connection may exist in this process, as that would drop SQLite's locks; the
// one exception is a file that was just made. The migrations themselves are in migrations.cpp and migration_5.cpp.
#include "sqlite/schema.hpp"

#include <cofila/error.hpp>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "sqlite/file_place.hpp"
#include "sqlite/stored_schema.hpp"

namespace cofila::sqlite {

namespace {

namespace fs = std::filesystem;

constexpr int application_id = 0x636F6669;  // "cofi"

std::int64_t ask(SQLite::Database& db, const char* sql)
{
    SQLite::Statement query{db, sql};
    return query.executeStep() ? query.getColumn(0).getInt64() : 0;
}

/// Returns 0 if the file is not ours (yet).
std::int64_t stored_version(SQLite::Database& db, const std::string& path)
{
    if (ask(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'cofila_meta'") == 0)
        return 0;
    const auto version = ask(db, "SELECT value FROM cofila_meta WHERE key = 'schema_version'");
    check_version(version, path);
    return version;
}

/// Throws unless the database is ours, empty, or may be shared. Returns its schema version.
std::int64_t check_owner(SQLite::Database& db, const std::string& path, bool embed)
{
    const auto version = stored_version(db, path);
    const bool theirs = ask(db, "SELECT count(*) FROM sqlite_schema") > 0 || ask(db, "PRAGMA application_id") != 0 ||
                        ask(db, "PRAGMA user_version") != 0;
    if (version == 0 && theirs && !embed)
        throw error{
            errc::storage_foreign,
            "'" + path +
                "' is a database of another application; to keep jobs beside its tables set engine_options::embed"
        };
    check_objects(db, version, path);
    SQLite::Statement encoding{db, "PRAGMA encoding"};
    if (encoding.executeStep() && encoding.getColumn(0).getString() != "UTF-8")
        throw error{
            errc::storage_foreign,
            "'" + path + "' keeps its texts as " + encoding.getColumn(0).getString() +
                ", and jobs are kept in UTF-8 only; give them a file of their own"
        };
    return version;
}

/// In one transaction, since another process may be making our tables at this moment.
void check_owner_at_once(connection& link, const std::string& path, bool embed)
{
    const connection::time_limit limit{link};
    const SQLite::Transaction reading{link.db()};
    check_owner(link.db(), path, embed);
}

/// Even a connection that only reads a file in WAL mode puts the log and its shared memory beside it. So a file that
/// stands alone is first looked at as one that never changes, and if refused it is left as it was found.
void look_without_log(connection_options options, bool embed)
{
    if (has_content(options.path + "-wal") || has_content(options.path + "-journal"))
        return;
    options.immutable = true;
    try {
        connection look{options};
        const connection::time_limit limit{look};
        check_owner(look.db(), options.path, embed);
    } catch (const SQLite::Exception&) {  // the next look, under SQLite's locks, reports why
    }
}

}  // namespace

void check_file(const connection_options& options, bool embed)
{
    check_place(options.path);
    std::error_code failed;
    if (create_private(options.path))
        return;
    const auto size = fs::file_size(options.path, failed);
    if (size == 0)
        return;
    if (size == 1)  // SQLite takes that for an empty file
        throw error{errc::storage_corrupt, "'" + options.path + "' is no database"};
    // Otherwise SQLite would make a log and its shared memory with the same rights, and these would be in the way
    // later.
    if (::access(options.path.c_str(), R_OK | W_OK) != 0 && errno == EACCES)
        throw unwritable(options.path);
    auto look = options;
    look.read_only = true;
    look_without_log(look, embed);
    try {
        connection reading{look};
        check_owner_at_once(reading, options.path, embed);
        return;
    } catch (const SQLite::Exception& e) {
        if (e.getExtendedErrorCode() != SQLITE_READONLY_ROLLBACK)
            throw;
    }
    // A writer died in the middle, before the file was in WAL mode: the next connection has to undo that first.
    connection undoing{options};
    check_owner_at_once(undoing, options.path, embed);
}

void check_version(std::int64_t version, const std::string& path)
{
    if (version >= 1 && version <= current_version)
        return;
    const auto has = "'" + path + "' has schema version " + std::to_string(version);
    if (version < 1)
        throw error{errc::storage_corrupt, has + ", which no program wrote; restore it from a backup"};
    throw error{
        errc::storage_newer,
        has + ", this program knows versions up to " + std::to_string(current_version) + "; use a newer version of it"
    };
}

void check_tables(SQLite::Database& db)
{
    if (stored_version(db, db.getFilename()) < current_version)
        throw error{
            errc::invalid_argument,
            "db",
            "must be connected to a file with the present tables of cofila; open '" + db.getFilename() +
                "' once with cofila::engine, which makes them (with engine_options::embed beside your own)"
        };
}

void migrate(connection& to, bool embed)
{
    auto& db = to.db();
    if (sqlite3_db_readonly(to.handle(), "main") == 1)
        throw unwritable(to.path());
    switch_to_log(to);
    if (stored_version(db, to.path()) == current_version)
        return;
    db.exec("BEGIN IMMEDIATE");
    try {
        const auto stored = check_owner(db, to.path(), embed);  // again: another process may have been first
        if (ask(db, "SELECT count(*) FROM sqlite_schema") == 0)
            db.exec("PRAGMA application_id = " + std::to_string(application_id));
        make_tables(db, stored, current_version);
        SQLite::Statement version{db, "INSERT OR REPLACE INTO cofila_meta VALUES ('schema_version', ?1)"};
        version.bind(1, current_version);
        version.exec();
        db.exec("COMMIT");
    } catch (...) {
        db.tryExec("ROLLBACK");
        throw;
    }
}

}  // namespace cofila::sqlite
