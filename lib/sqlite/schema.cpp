// The tables, their migrations, and the decision whether a file may be opened. `check_file` comes first and leaves
// a file as it is: one that does not exist is made, readable by its owner only; any other is looked at
// read-only, and if it has no log even as an immutable one, since a connection in WAL mode would leave two files beside
// a database that is then refused. Refused are files of another application (unless `embed`), newer schemas, texts that
// are not UTF-8, and objects among our tables that are not ours. `migrate` then switches the file to WAL and runs the
// missing migrations in one transaction, after it has checked again under the write lock: of several processes that
// open a new file at once, one migrates and the others find it done. A failure rolls all of it back. Descriptors of the
// database are never closed by us while a connection may exist in this process, as that would drop SQLite's locks; the
// one exception is a file that was just made. The text of a migration is a part of the stored format and must never be
// edited.
#include "sqlite/schema.hpp"

#include <cofila/error.hpp>

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <sqlite3.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>

#include "sqlite/file_place.hpp"
#include "sqlite/stored_schema.hpp"

namespace cofila::sqlite {

namespace {

namespace fs = std::filesystem;

constexpr int application_id = 0x636F6669;  // "cofi"

// Part of the stored format. To change the schema, add a migration; never edit one.
constexpr const char* version_1 = R"sql(
CREATE TABLE cofila_meta (
    key TEXT PRIMARY KEY NOT NULL,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_queues (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    paused INTEGER NOT NULL DEFAULT 0,
    head INTEGER NOT NULL DEFAULT 0, -- no position before this one was given yet
    tail INTEGER NOT NULL DEFAULT 0  -- nor one behind this one; see session::flush
) STRICT;
-- Counts the keys of jobs instead of positions. Not AUTOINCREMENT, which would write a table more with every job.
INSERT INTO cofila_queues (number, name) VALUES (0, '');

CREATE TABLE cofila_jobs (
    key INTEGER PRIMARY KEY, -- never given twice: it names a job in the hands of a worker
    queue INTEGER NOT NULL,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    state INTEGER NOT NULL, -- 0 waiting, 1 delayed, 2 active, 3 waiting_children, 4 completed, 5 failed
    priority INTEGER NOT NULL,
    position INTEGER NOT NULL,
    created_at INTEGER NOT NULL, -- all times: milliseconds since 1970
    run_at INTEGER,
    processed_at INTEGER,
    finished_at INTEGER,
    attempts_made INTEGER NOT NULL DEFAULT 0,
    attempts_started INTEGER NOT NULL DEFAULT 0,
    stalled_count INTEGER NOT NULL DEFAULT 0,
    token TEXT NOT NULL DEFAULT '',
    locked_until INTEGER,
    lock_duration INTEGER NOT NULL DEFAULT 0,
    worker TEXT NOT NULL DEFAULT '',
    options TEXT NOT NULL, -- JSON
    progress TEXT NOT NULL DEFAULT '', -- JSON, or nothing
    data TEXT, -- JSON; null: in cofila_bodies
    result TEXT DEFAULT '', -- JSON, or nothing; null: in cofila_bodies
    failed_reason TEXT NOT NULL DEFAULT '',
    prune_at INTEGER, -- retention: to be removed by then
    prune_count INTEGER -- retention: to be removed once so many finished after it
) STRICT;
CREATE UNIQUE INDEX cofila_jobs_id ON cofila_jobs (queue, id);
-- Each has the state as a column too: without it SQLite reads the table to count.
CREATE INDEX cofila_jobs_waiting ON cofila_jobs (queue, priority, position, state) WHERE state = 0;
CREATE INDEX cofila_jobs_delayed ON cofila_jobs (queue, run_at, position, state) WHERE state = 1;
CREATE INDEX cofila_jobs_active ON cofila_jobs (queue, state) WHERE state = 2;
CREATE INDEX cofila_jobs_finished ON cofila_jobs (queue, state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX cofila_jobs_prune_at ON cofila_jobs (prune_at) WHERE prune_at IS NOT NULL;
CREATE INDEX cofila_jobs_prune_count ON cofila_jobs (queue, state, prune_count, finished_at) WHERE prune_count IS NOT NULL;

-- What is too long to be rewritten with every change of its job.
CREATE TABLE cofila_bodies (
    job INTEGER PRIMARY KEY,
    data TEXT,
    result TEXT
) STRICT;

CREATE TABLE cofila_attempts (
    job INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    number INTEGER NOT NULL,
    message TEXT NOT NULL,
    type TEXT NOT NULL,
    detail TEXT NOT NULL,
    unrecoverable INTEGER NOT NULL,
    at INTEGER NOT NULL,
    worker TEXT NOT NULL,
    PRIMARY KEY (job, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_logs (
    job INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (job, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_workers (
    id TEXT PRIMARY KEY NOT NULL,
    boot_id TEXT NOT NULL,
    pid_namespace INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr const char* version_2 = R"sql(
ALTER TABLE cofila_queues ADD COLUMN rests_until INTEGER; -- nothing is claimed before
ALTER TABLE cofila_jobs ADD COLUMN deferrals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cofila_jobs ADD COLUMN expires_at INTEGER; -- unless it was started by then, it fails
ALTER TABLE cofila_jobs ADD COLUMN cancelled TEXT; -- why, where an active job was asked to end
CREATE INDEX cofila_jobs_expires_at ON cofila_jobs (expires_at) WHERE expires_at IS NOT NULL;
)sql";

constexpr const char* version_3 = R"sql(
ALTER TABLE cofila_queues ADD COLUMN concurrency INTEGER; -- active jobs; null: no limit, here and below
ALTER TABLE cofila_queues ADD COLUMN rate_max INTEGER; -- claims in rate_window
ALTER TABLE cofila_queues ADD COLUMN rate_window INTEGER;
ALTER TABLE cofila_queues ADD COLUMN group_concurrency INTEGER;
ALTER TABLE cofila_queues ADD COLUMN group_rate_max INTEGER;
ALTER TABLE cofila_queues ADD COLUMN group_rate_window INTEGER;
ALTER TABLE cofila_queues ADD COLUMN keep_order INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cofila_queues ADD COLUMN grouped INTEGER NOT NULL DEFAULT 0; -- it has, or had, a job with a group

ALTER TABLE cofila_jobs ADD COLUMN group_key TEXT;
CREATE INDEX cofila_jobs_group ON cofila_jobs (queue, state, group_key, priority, position) WHERE group_key IS NOT NULL;

ALTER TABLE cofila_jobs ADD COLUMN dedup_id TEXT; -- while the job holds it
ALTER TABLE cofila_jobs ADD COLUMN dedup_until INTEGER; -- finished or not; null: until it has finished
ALTER TABLE cofila_jobs ADD COLUMN kept_for INTEGER; -- key of the job for whose end it waits
CREATE UNIQUE INDEX cofila_jobs_dedup ON cofila_jobs (queue, dedup_id) WHERE dedup_id IS NOT NULL;
CREATE INDEX cofila_jobs_kept_for ON cofila_jobs (kept_for) WHERE kept_for IS NOT NULL;

-- Claims of late, where there is a rate; '': of jobs without a group.
CREATE TABLE cofila_claim_log (
    queue INTEGER NOT NULL,
    group_key TEXT NOT NULL,
    at INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (queue, group_key, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_groups (
    queue INTEGER NOT NULL,
    group_key TEXT NOT NULL,
    served INTEGER NOT NULL, -- its last turn
    PRIMARY KEY (queue, group_key)
) STRICT, WITHOUT ROWID;
)sql";

// These tables are for watchers of a queue and written by triggers: see observation.cpp.
constexpr const char* version_4 = R"sql(
ALTER TABLE cofila_jobs ADD COLUMN due_at INTEGER; -- when its delay was over, or somebody let it run (again)

CREATE TABLE cofila_watched (
    queue INTEGER PRIMARY KEY,
    events INTEGER, -- so many are kept; null: none
    last_event INTEGER NOT NULL DEFAULT 0,
    minutes INTEGER -- jobs that end are counted for so many; null: they are not
) STRICT;

CREATE TABLE cofila_events (
    queue INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    kind INTEGER NOT NULL, -- 0 added, 1 moved, 2 progress, 3 removed
    job TEXT NOT NULL,
    was INTEGER, -- state before
    state INTEGER NOT NULL,
    at INTEGER,
    text TEXT NOT NULL,
    PRIMARY KEY (queue, sequence)
) STRICT, WITHOUT ROWID;

-- Places of readers of events.
CREATE TABLE cofila_cursors (
    queue INTEGER NOT NULL,
    name TEXT NOT NULL,
    place INTEGER NOT NULL,
    PRIMARY KEY (queue, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_metrics (
    queue INTEGER NOT NULL,
    minute INTEGER NOT NULL, -- since 1970
    state INTEGER NOT NULL, -- 4 completed, 5 failed
    jobs INTEGER NOT NULL,
    total INTEGER NOT NULL, -- milliseconds from claim to end
    longest INTEGER NOT NULL,
    PRIMARY KEY (queue, minute, state)
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array migrations{version_1, version_2, version_3, version_4};
constexpr int current_version = static_cast<int>(migrations.size());

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

void make_tables(SQLite::Database& db, std::int64_t from, std::int64_t to)
{
    for (auto version = from; version < to; ++version)
        db.exec(migrations[static_cast<std::size_t>(version)]);
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
