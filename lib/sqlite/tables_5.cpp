// The tables and indexes that version 5 adds to those of version 4; migration_5.cpp moves the jobs into them. A job is
// one row of cofila_jobs, and one row of the table of its state: cofila_waiting or cofila_waiting_grouped,
// cofila_delayed, cofila_active, cofila_finished. Its state is where its key is found. The usual moves insert a row
// into one of these tables and delete a row from another; cofila_jobs is written when the job is added, and after that
// only when it is put back, or changed by hand. It has the job's priority, position and time, so that an operation that
// knows the key finds the row of the state by its primary key, and the tables need no second index. Version 6 drops
// the index cofila_jobs_generated. The text is a part of the stored format and must never be edited.
#include "sqlite/migration_5.hpp"

namespace cofila::sqlite {

const char* tables_of_5() noexcept
{
    return R"sql(
-- Options that many jobs share. Rows are never changed or removed, and there are at most 1000. The options of further
-- jobs, and of those with a group, deduplication or tags, are kept in cofila_rare.
CREATE TABLE cofila_options (
    number INTEGER PRIMARY KEY,
    text TEXT NOT NULL UNIQUE -- JSON: all options of a job that has no group, deduplication or tags
) STRICT;

-- Names of workers that have claimed jobs, whether they are registered or not.
CREATE TABLE cofila_worker_names (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE cofila_jobs (
    key INTEGER PRIMARY KEY, -- never reused: workers know the job by it
    queue INTEGER NOT NULL,
    options INTEGER, -- number of a row of cofila_options; null: they are in cofila_rare
    rare INTEGER NOT NULL DEFAULT 0, -- 1: the job has a row in cofila_rare
    created_at INTEGER NOT NULL, -- all times are milliseconds since 1970
    priority INTEGER NOT NULL,
    position INTEGER NOT NULL, -- its place within the priority while it waits or is delayed; smaller first
    run_at INTEGER, -- for when it is delayed, or was delayed last
    name TEXT NOT NULL,
    id TEXT, -- as the caller gave it; null: it is made of key and random
    random BLOB, -- bytes 7 to 16 of a generated id, a UUID of version 8 whose first 6 bytes are the key
    data TEXT, -- JSON; null: in cofila_bodies
    progress TEXT NOT NULL DEFAULT '', -- JSON, or empty
    -- What earlier attempts have left in a job that was put back.
    due_at INTEGER, -- when a call let it run; counts unless run_at does
    processed_at INTEGER,
    attempts_made INTEGER NOT NULL DEFAULT 0,
    attempts_started INTEGER NOT NULL DEFAULT 0,
    stalled_count INTEGER NOT NULL DEFAULT 0,
    deferrals INTEGER NOT NULL DEFAULT 0,
    worker INTEGER, -- number of a row of cofila_worker_names, here and below
    token BLOB, -- of the last claim: 16 bytes, here and below
    failed_reason TEXT NOT NULL DEFAULT ''
) STRICT;
-- A generated id says where its row is.
CREATE UNIQUE INDEX cofila_jobs_id ON cofila_jobs (queue, id) WHERE id IS NOT NULL;
CREATE INDEX cofila_jobs_generated ON cofila_jobs (queue) WHERE id IS NULL; -- for lists in the order of ids

-- What few jobs have.
CREATE TABLE cofila_rare (
    job INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    options TEXT, -- JSON: all of its options, where cofila_jobs.options is null
    expires_at INTEGER, -- if it was not started by then, it fails
    dedup_id TEXT, -- while the job holds it
    dedup_until INTEGER, -- it holds it until then, finished or not; null: until it has finished
    kept_for INTEGER -- key of the job for whose end it waits; it is delayed without a date
) STRICT;
CREATE INDEX cofila_rare_expires_at ON cofila_rare (expires_at) WHERE expires_at IS NOT NULL;
CREATE UNIQUE INDEX cofila_rare_dedup ON cofila_rare (queue, dedup_id) WHERE dedup_id IS NOT NULL;
CREATE INDEX cofila_rare_kept_for ON cofila_rare (kept_for) WHERE kept_for IS NOT NULL;

-- Waiting jobs without a group, in the order in which they run. A job whose cofila_jobs.run_at is still to come was
-- let wait by a process whose clock is ahead; others leave it alone until then.
CREATE TABLE cofila_waiting (
    queue INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    position INTEGER NOT NULL,
    key INTEGER NOT NULL,
    was INTEGER, -- the state before: 0 waiting, 1 delayed, 2 active, 4 completed, 5 failed; null: it is new
    PRIMARY KEY (queue, priority, position, key)
) STRICT, WITHOUT ROWID;

-- Waiting jobs of groups, in the order within each group.
CREATE TABLE cofila_waiting_grouped (
    queue INTEGER NOT NULL,
    group_number INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    position INTEGER NOT NULL,
    key INTEGER NOT NULL,
    was INTEGER,
    PRIMARY KEY (queue, group_number, priority, position, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX cofila_waiting_grouped_order ON cofila_waiting_grouped (queue, priority, position, key);

CREATE TABLE cofila_delayed (
    queue INTEGER NOT NULL,
    run_at INTEGER NOT NULL, -- the greatest number: without a date
    position INTEGER NOT NULL,
    key INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    group_number INTEGER,
    started INTEGER NOT NULL DEFAULT 0, -- 1: it has been claimed before
    was INTEGER,
    PRIMARY KEY (queue, run_at, position, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX cofila_delayed_group ON cofila_delayed (queue, group_number, started) WHERE group_number IS NOT NULL;

CREATE TABLE cofila_active (
    queue INTEGER NOT NULL,
    key INTEGER NOT NULL,
    token BLOB NOT NULL,
    locked_until INTEGER NOT NULL,
    lock_duration INTEGER NOT NULL,
    processed_at INTEGER NOT NULL,
    attempts_started INTEGER NOT NULL, -- this attempt included
    worker INTEGER,
    group_number INTEGER,
    cancelled TEXT, -- why the job was asked to end
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX cofila_active_group ON cofila_active (queue, group_number) WHERE group_number IS NOT NULL;

CREATE TABLE cofila_finished (
    key INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    state INTEGER NOT NULL, -- 4 completed, 5 failed
    finished_at INTEGER NOT NULL,
    was INTEGER, -- the state before; null: not known
    processed_at INTEGER,
    attempts_made INTEGER NOT NULL,
    attempts_started INTEGER NOT NULL,
    stalled_count INTEGER NOT NULL,
    deferrals INTEGER NOT NULL,
    worker INTEGER,
    token BLOB,
    prune_at INTEGER, -- retention: due for removal then
    prune_count INTEGER, -- retention: due for removal once this many have finished after it
    failed_reason TEXT NOT NULL,
    result TEXT -- JSON, or empty; null: in cofila_bodies
) STRICT;
CREATE INDEX cofila_finished_order ON cofila_finished (queue, state, finished_at);
CREATE INDEX cofila_finished_prune_at ON cofila_finished (prune_at) WHERE prune_at IS NOT NULL;
CREATE INDEX cofila_finished_prune_count ON cofila_finished (queue, state, prune_count, finished_at)
    WHERE prune_count IS NOT NULL;

-- The groups of a queue in the order of their turns. The group '' holds the last turn of jobs without a group.
CREATE TABLE cofila_groups (
    number INTEGER PRIMARY KEY,
    queue INTEGER NOT NULL,
    name TEXT NOT NULL,
    served INTEGER NOT NULL DEFAULT 0, -- its last turn; 0: it has had none
    priority INTEGER, -- of its next job; null: no job waits, or its concurrency or order lets none run
    position INTEGER, -- of the same job
    rests_until INTEGER -- its rate is used up until then
) STRICT;
CREATE UNIQUE INDEX cofila_groups_name ON cofila_groups (queue, name);
CREATE INDEX cofila_groups_ready ON cofila_groups (queue, priority, served, position)
    WHERE priority IS NOT NULL AND rests_until IS NULL;
CREATE INDEX cofila_groups_resting ON cofila_groups (queue, rests_until)
    WHERE priority IS NOT NULL AND rests_until IS NOT NULL;

CREATE INDEX cofila_claim_log_at ON cofila_claim_log (queue, at, jobs);
)sql";
}

}  // namespace cofila::sqlite
