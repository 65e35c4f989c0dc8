// Version 5 replaces the wide table of jobs by a table for each state (see tables_5.cpp). The old table is renamed,
// then its jobs are moved in batches of 1000 by key, and each batch is removed from it at once: memory is bounded, and
// the room of old rows is used again. All this happens in the caller's transaction, so another process sees the old
// tables or the new ones. What is copied goes through the temporary table cofila_batch, but for what may be long.
//
// Any value may stand in any column of an old row, even one that STRICT would refuse. It is read as the program of
// version 4 read it: as a number, a text or NULL. What that program took for damage (a priority or a counter out of its
// range, options that are not JSON, missing data) stays as it is and is found again. A job in a state that does not
// exist becomes a failed one that says so, and one whose id is no text, or is not unique, gets a generated id. The
// texts are a part of the stored format and must never be edited.
#include "sqlite/migration_5.hpp"

#include <cofila/error.hpp>

#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <string>

#include "sqlite/triggers.hpp"

namespace cofila::sqlite {

namespace {

// The observing triggers of version 4 must not report the migration.
constexpr const char* set_old_tables_aside = R"sql(
DROP TRIGGER IF EXISTS cofila_log_added;
DROP TRIGGER IF EXISTS cofila_log_moved;
DROP TRIGGER IF EXISTS cofila_log_progress;
DROP TRIGGER IF EXISTS cofila_log_removed;
DROP TRIGGER IF EXISTS cofila_count_ends;

-- Old rows are found by their key alone from here on. This frees the pages that the new tables need first.
DROP INDEX cofila_jobs_id;
DROP INDEX cofila_jobs_waiting;
DROP INDEX cofila_jobs_delayed;
DROP INDEX cofila_jobs_active;
DROP INDEX cofila_jobs_finished;
DROP INDEX cofila_jobs_prune_at;
DROP INDEX cofila_jobs_prune_count;
DROP INDEX cofila_jobs_expires_at;
DROP INDEX cofila_jobs_group;
DROP INDEX cofila_jobs_dedup;
DROP INDEX cofila_jobs_kept_for;

ALTER TABLE cofila_jobs RENAME TO cofila_jobs_4;
ALTER TABLE cofila_groups RENAME TO cofila_groups_4;
)sql";

constexpr const char* prepare_batches = R"sql(
-- Turns are numbered from the queue's tail now: the old ones are numbered anew, in their order, and kept below it.
INSERT OR IGNORE INTO cofila_groups (queue, name, served)
    SELECT CAST(queue AS INTEGER), CAST(group_key AS TEXT), row_number() OVER (PARTITION BY queue ORDER BY served)
    FROM cofila_groups_4 WHERE queue IS NOT NULL AND group_key IS NOT NULL AND CAST(served AS INTEGER) > 0;
DROP TABLE cofila_groups_4;

-- The jobs of one batch with the values that the new tables take, but for what may be long.
CREATE TEMP TABLE cofila_batch (
    key INTEGER PRIMARY KEY, queue, id, random, name, state, damage, priority, position, created_at, run_at,
    processed_at, finished_at, attempts_made, attempts_started, stalled_count, deferrals, locked_until, lock_duration,
    worker, options, shared, own, prune_at, prune_count, expires_at, group_name, dedup_id, dedup_until, kept_for, due_at
);
)sql";

constexpr const char* read_batch = R"sql(
DELETE FROM temp.cofila_batch;
INSERT INTO temp.cofila_batch
    SELECT key, CAST(coalesce(queue, 0) AS INTEGER), iif(typeof(id) = 'text', id, NULL),
        CAST(substr(x'808182838485868788898a8b8c8d8e8f', 1 + (random() & 15), 1) || randomblob(1)
            || substr(x'8090a0b0', 1 + (random() & 3), 1) || randomblob(7) AS BLOB),
        CAST(coalesce(name, '') AS TEXT), iif(state IN (0, 1, 2, 4, 5), CAST(state AS INTEGER), 5),
        iif(state IN (0, 1, 2, 4, 5), NULL,
            'the stored row of the job is damaged: state is ' || substr(quote(state), 1, 100)),
        CAST(coalesce(priority, 0) AS INTEGER), CAST(coalesce(position, 0) AS INTEGER),
        CAST(coalesce(created_at, 0) AS INTEGER), CAST(run_at AS INTEGER), CAST(processed_at AS INTEGER),
        CAST(finished_at AS INTEGER), CAST(coalesce(attempts_made, 0) AS INTEGER),
        CAST(coalesce(attempts_started, 0) AS INTEGER), CAST(coalesce(stalled_count, 0) AS INTEGER),
        CAST(coalesce(deferrals, 0) AS INTEGER), CAST(coalesce(locked_until, 0) AS INTEGER),
        CAST(coalesce(lock_duration, 0) AS INTEGER), CAST(coalesce(worker, '') AS TEXT),
        CAST(coalesce(options, '') AS TEXT), NULL, NULL, CAST(prune_at AS INTEGER), CAST(prune_count AS INTEGER),
        CAST(expires_at AS INTEGER),
        iif(state IN (0, 1, 2), nullif(CAST(group_key AS TEXT), ''), NULL), CAST(dedup_id AS TEXT),
        CAST(dedup_until AS INTEGER), CAST(kept_for AS INTEGER), CAST(due_at AS INTEGER)
    FROM cofila_jobs_4 ORDER BY key LIMIT 1000;
)sql";

constexpr const char* move_shared = R"sql(
-- Options that jobs may share are stored once. What is not JSON, or has a part of the job's own, stays with the job.
UPDATE temp.cofila_batch SET shared = options
    WHERE instr(options, '"group"') + instr(options, '"dedup"') + instr(options, '"tags"') = 0
    AND iif(json_valid(options), json_type(options) = 'object', false);
INSERT INTO cofila_options (text)
    SELECT DISTINCT shared FROM temp.cofila_batch
    WHERE shared IS NOT NULL AND NOT EXISTS (SELECT 1 FROM cofila_options WHERE text = shared)
    LIMIT max(0, 1000 - (SELECT count(*) FROM cofila_options));
UPDATE temp.cofila_batch SET own = options, shared = NULL
    WHERE NOT EXISTS (SELECT 1 FROM cofila_options WHERE text IS shared);

INSERT INTO cofila_worker_names (name)
    SELECT DISTINCT worker FROM temp.cofila_batch
    WHERE worker <> '' AND NOT EXISTS (SELECT 1 FROM cofila_worker_names WHERE name = worker);
INSERT INTO cofila_groups (queue, name)
    SELECT DISTINCT queue, group_name FROM temp.cofila_batch AS b
    WHERE group_name IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM cofila_groups AS g WHERE g.queue = b.queue AND g.name = b.group_name);

INSERT OR IGNORE INTO cofila_rare (job, queue, options, expires_at, dedup_id, dedup_until, kept_for)
    SELECT key, queue, own, expires_at, dedup_id, dedup_until, kept_for FROM temp.cofila_batch
    WHERE own IS NOT NULL OR expires_at IS NOT NULL OR dedup_id IS NOT NULL OR dedup_until IS NOT NULL
        OR kept_for IS NOT NULL;
-- Those whose deduplication id another job has too lose it.
INSERT OR IGNORE INTO cofila_rare (job, queue, options, expires_at, dedup_until, kept_for)
    SELECT key, queue, own, expires_at, dedup_until, kept_for FROM temp.cofila_batch WHERE dedup_id IS NOT NULL;
)sql";

constexpr const char* move_jobs = R"sql(
INSERT OR IGNORE INTO cofila_jobs (key, queue, options, rare, created_at, priority, position, run_at, name, id, random,
        data, progress, due_at, processed_at, attempts_made, attempts_started, stalled_count, deferrals, worker,
        failed_reason)
    SELECT b.key, b.queue, o.number, EXISTS (SELECT 1 FROM cofila_rare WHERE job = b.key), b.created_at, b.priority,
        b.position, CASE b.state WHEN 0 THEN b.run_at WHEN 1 THEN coalesce(b.run_at, 0) END, b.name, b.id,
        iif(b.id IS NULL, b.random, NULL), CAST(j.data AS TEXT), CAST(coalesce(j.progress, '') AS TEXT), b.due_at,
        b.processed_at, b.attempts_made, b.attempts_started, b.stalled_count, b.deferrals, n.number,
        iif(b.state < 4, CAST(coalesce(j.failed_reason, '') AS TEXT), '')
    FROM temp.cofila_batch AS b JOIN cofila_jobs_4 AS j ON j.key = b.key
    LEFT JOIN cofila_options AS o ON o.text = b.shared LEFT JOIN cofila_worker_names AS n ON n.name = b.worker;
)sql";

/// `move_jobs` leaves out jobs whose id another job of the queue has too. They get a generated one, and it runs again.
constexpr const char* drop_doubled_ids = R"sql(
UPDATE temp.cofila_batch SET id = NULL WHERE NOT EXISTS (SELECT 1 FROM cofila_jobs AS j WHERE j.key = cofila_batch.key);
)sql";

constexpr const char* move_states = R"sql(
INSERT INTO cofila_waiting (queue, priority, position, key)
    SELECT queue, priority, position, key FROM temp.cofila_batch WHERE state = 0 AND group_name IS NULL;
INSERT INTO cofila_waiting_grouped (queue, group_number, priority, position, key)
    SELECT b.queue, g.number, b.priority, b.position, b.key
    FROM temp.cofila_batch AS b JOIN cofila_groups AS g ON g.queue = b.queue AND g.name = b.group_name
    WHERE b.state = 0;
INSERT INTO cofila_delayed (queue, run_at, position, key, priority, group_number, started)
    SELECT b.queue, coalesce(b.run_at, 0), b.position, b.key, b.priority, g.number, b.attempts_started > 0
    FROM temp.cofila_batch AS b LEFT JOIN cofila_groups AS g ON g.queue = b.queue AND g.name = b.group_name
    WHERE b.state = 1;
-- No program of version 4 can settle these any more, so their tokens are drawn anew. They are rescued when their locks
-- end.
INSERT INTO cofila_active (queue, key, token, locked_until, lock_duration, processed_at, attempts_started, worker,
        group_number, cancelled)
    SELECT b.queue, b.key, randomblob(16), b.locked_until, b.lock_duration, coalesce(b.processed_at, b.created_at),
        b.attempts_started, n.number, g.number, CAST(j.cancelled AS TEXT)
    FROM temp.cofila_batch AS b JOIN cofila_jobs_4 AS j ON j.key = b.key
    LEFT JOIN cofila_groups AS g ON g.queue = b.queue AND g.name = b.group_name
    LEFT JOIN cofila_worker_names AS n ON n.name = b.worker
    WHERE b.state = 2;
INSERT INTO cofila_finished (key, queue, state, finished_at, processed_at, attempts_made, attempts_started,
        stalled_count, deferrals, worker, prune_at, prune_count, failed_reason, result)
    SELECT b.key, b.queue, b.state, coalesce(b.finished_at, b.created_at), b.processed_at, b.attempts_made,
        b.attempts_started, b.stalled_count, b.deferrals, n.number, b.prune_at, b.prune_count,
        coalesce(b.damage, CAST(j.failed_reason AS TEXT), ''), CAST(j.result AS TEXT)
    FROM temp.cofila_batch AS b JOIN cofila_jobs_4 AS j ON j.key = b.key
    LEFT JOIN cofila_worker_names AS n ON n.name = b.worker
    WHERE b.state IN (4, 5);
)sql";

constexpr const char* remove_moved = "DELETE FROM cofila_jobs_4 WHERE key <= (SELECT max(key) FROM temp.cofila_batch)";

constexpr const char* finish_tables = R"sql(
DROP TABLE temp.cofila_batch;
DROP TABLE cofila_jobs_4;

UPDATE cofila_queues SET tail = max(tail, (SELECT max(served) FROM cofila_groups WHERE queue = cofila_queues.number))
    WHERE number IN (SELECT queue FROM cofila_groups);
UPDATE cofila_queues SET grouped = 1
    WHERE grouped = 0 AND EXISTS (SELECT 1 FROM cofila_waiting_grouped WHERE queue = cofila_queues.number);
-- The next job of each group that may run.
UPDATE cofila_groups SET (priority, position) = (
    SELECT w.priority, w.position FROM cofila_waiting_grouped AS w LEFT JOIN cofila_queues AS q ON q.number = w.queue
    WHERE w.queue = cofila_groups.queue AND w.group_number = cofila_groups.number
    AND (q.group_concurrency IS NULL OR max(1, q.group_concurrency) > (
        SELECT count(*) FROM cofila_active AS a WHERE a.queue = w.queue AND a.group_number = w.group_number))
    AND (coalesce(q.keep_order, 0) = 0 OR NOT EXISTS (SELECT 1 FROM cofila_delayed AS d
        WHERE d.queue = w.queue AND d.group_number = w.group_number AND d.started = 1))
    ORDER BY w.priority, w.position LIMIT 1);
)sql";

std::int64_t value_of(SQLite::Database& db, const char* sql)
{
    SQLite::Statement query{db, sql};
    return query.executeStep() ? query.getColumn(0).getInt64() : 0;
}

/// Moves the next 1000 jobs.
void move_batch(SQLite::Database& db)
{
    for (const auto* sql : {read_batch, move_shared, move_jobs})
        db.exec(sql);
    if (db.exec(drop_doubled_ids) > 0)
        db.exec(move_jobs);
    db.exec(move_states);
    if (db.exec(remove_moved) == 0)  // it would never end
        throw error{
            errc::storage_corrupt,
            "'" + db.getFilename() + "': its jobs cannot be moved to new tables; restore the file from a backup"
        };
}

}  // namespace

void migrate_to_5(SQLite::Database& db)
{
    for (const auto* sql : {set_old_tables_aside, tables_of_5(), prepare_batches})
        db.exec(sql);
    while (value_of(db, "SELECT EXISTS (SELECT 1 FROM cofila_jobs_4)") != 0)
        move_batch(db);
    db.exec(finish_tables);
    db.exec(inbox_of_5());
    adjust_triggers(db);
}

}  // namespace cofila::sqlite
