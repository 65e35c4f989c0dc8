// The texts of the migrations; that to version 5 has a source of its own. They are a part of the stored format, since
// check_objects compares the objects of a file with what they make: to change the schema, add a migration; never edit
// one.
//
// Two settings of the connection differ during a migration. With secure_delete, which Debian's SQLite turns on, SQLite
// would keep a copy of each page of a dropped index in memory. And without legacy_alter_table a broken view of the
// application beside our tables would stop the renaming of a table.
#include "sqlite/migrations.hpp"

#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include "sqlite/migration_5.hpp"

namespace cofila::sqlite {

namespace {

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

// These tables are for watchers of a queue and written by triggers: see triggers.cpp.
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

// Lists in the order of ids read the rows by key: see tables_ids.cpp.
constexpr const char* version_6 = R"sql(
DROP INDEX cofila_jobs_generated;
)sql";

constexpr const char* to_version_5 = nullptr;  // see migrate_to_5
constexpr const char* texts[current_version] = {version_1, version_2, version_3, version_4, to_version_5, version_6};

std::int64_t read_secure_delete(SQLite::Database& db)
{
    SQLite::Statement query{db, "PRAGMA main.secure_delete"};
    return query.executeStep() ? query.getColumn(0).getInt64() : 0;
}

/// While it lives, the connection has the settings that migrations need.
class settings_of_migration {
public:
    explicit settings_of_migration(SQLite::Database& db) : db_{db}, secure_delete_{read_secure_delete(db)}
    {
        sqlite3_db_config(db_.getHandle(), SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, -1, &legacy_alter_table_);
        sqlite3_db_config(db_.getHandle(), SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, nullptr);
        db_.exec("PRAGMA main.secure_delete=FAST");
    }
    settings_of_migration(const settings_of_migration&) = delete;
    settings_of_migration& operator=(const settings_of_migration&) = delete;
    ~settings_of_migration()
    {
        constexpr const char* restoring[] = {
            "PRAGMA main.secure_delete=OFF", "PRAGMA main.secure_delete=ON", "PRAGMA main.secure_delete=FAST"
        };
        db_.tryExec(restoring[secure_delete_]);
        sqlite3_db_config(db_.getHandle(), SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, legacy_alter_table_, nullptr);
    }

private:
    SQLite::Database& db_;
    const std::int64_t secure_delete_;  // 0 off, 1 on, 2 fast
    int legacy_alter_table_ = 0;
};

}  // namespace

/// A new file of the present version is made at once: to run all migrations takes four times as long.
void make_tables(SQLite::Database& db, std::int64_t from, std::int64_t to)
{
    if (from == 0 && to == current_version)
        for (const auto* sql : {other_tables_of_5(), tables_of_5(), inbox_of_5(), version_6})
            db.exec(sql);
    else
        migrate_tables(db, from, to);
}

void migrate_tables(SQLite::Database& db, std::int64_t from, std::int64_t to)
{
    const settings_of_migration until_the_end{db};
    for (auto version = from; version < to; ++version)
        if (const auto* sql = texts[version])
            db.exec(sql);
        else
            migrate_to_5(db);
}

}  // namespace cofila::sqlite
