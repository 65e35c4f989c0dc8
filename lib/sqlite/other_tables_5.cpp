// The tables that version 5 has from the versions before it, as they are now. A new file is made of these and of those
// in tables_5.cpp at once. Migrated files have the same objects, which a test compares. The text is a part of the
// stored format and must never be edited.
#include "sqlite/migration_5.hpp"

namespace cofila::sqlite {

const char* other_tables_of_5() noexcept
{
    return R"sql(
CREATE TABLE cofila_meta (
    key TEXT PRIMARY KEY NOT NULL,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_queues (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    paused INTEGER NOT NULL DEFAULT 0,
    head INTEGER NOT NULL DEFAULT 0, -- no position smaller than this has been given
    tail INTEGER NOT NULL DEFAULT 0, -- nor one greater than this; groups take their turn numbers from here too
    rests_until INTEGER, -- nothing is claimed before
    concurrency INTEGER, -- active jobs; null: no limit, here and below
    rate_max INTEGER, -- claims within rate_window
    rate_window INTEGER,
    group_concurrency INTEGER,
    group_rate_max INTEGER,
    group_rate_window INTEGER,
    keep_order INTEGER NOT NULL DEFAULT 0,
    grouped INTEGER NOT NULL DEFAULT 0 -- it has, or once had, a job with a group
) STRICT;
-- Its tail counts the keys of jobs. (AUTOINCREMENT would write one more table with every job.)
INSERT INTO cofila_queues (number, name) VALUES (0, '');

-- Data and results of more than 500 bytes.
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

-- Recent claims, where there is a rate; '': of jobs without a group.
CREATE TABLE cofila_claim_log (
    queue INTEGER NOT NULL,
    group_key TEXT NOT NULL,
    at INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (queue, group_key, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_workers (
    id TEXT PRIMARY KEY NOT NULL,
    boot_id TEXT NOT NULL,
    pid_namespace INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    started_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE cofila_watched (
    queue INTEGER PRIMARY KEY,
    events INTEGER, -- at most this many are kept; null: none
    last_event INTEGER NOT NULL DEFAULT 0,
    minutes INTEGER -- for this many minutes finished jobs are counted; null: they are not
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
}

}  // namespace cofila::sqlite
