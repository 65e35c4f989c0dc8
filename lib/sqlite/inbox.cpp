// The inbox and the views of version 5, for programs in other languages and for people. They need no function and no
// collation of ours, so every connection to the file has them.
//
//     INSERT INTO cofila_inbox (queue, name, data) VALUES ('mails', 'welcome', '{"to": "ada"}');
//
// adds a job in the caller's transaction, with the built-in options, as cofila::enqueue does; delay_ms, priority and
// attempts may be given too. The trigger checks all values first, so that a refused row changes nothing. Then it takes
// the next key and position from cofila_queues, as session::flush stores them, and writes the rows of the new job. It
// has no UPSERT and no OR clause: an `INSERT OR REPLACE` of the caller would override them. The views use JSON
// functions, which SQLite before 3.41 refuses to connections that do not trust the schema, as ours do not: our own
// statements must not use the inbox or the views. The text is a part of the stored format and must never be edited.
#include "sqlite/migration_5.hpp"

namespace cofila::sqlite {

const char* inbox_of_5() noexcept
{
    return R"sql(
CREATE VIEW cofila_inbox (queue, name, data, delay_ms, priority, attempts) AS
    SELECT NULL, NULL, NULL, NULL, NULL, NULL WHERE false;

-- No statement here can meet a conflict: an OR REPLACE of the caller would apply to it, whatever it says itself.
CREATE TRIGGER cofila_inbox_insert INSTEAD OF INSERT ON cofila_inbox BEGIN
    SELECT RAISE(ABORT, 'cofila_inbox: queue must be a text of 1 to 200 bytes without control characters')
        WHERE typeof(NEW.queue) <> 'text' OR length(CAST(NEW.queue AS BLOB)) NOT BETWEEN 1 AND 200
        OR instr(CAST(NEW.queue AS BLOB), x'00') > 0
        OR NEW.queue GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
    SELECT RAISE(ABORT, 'cofila_inbox: name must be a text of 1 to 200 bytes without control characters')
        WHERE typeof(NEW.name) <> 'text' OR length(CAST(NEW.name AS BLOB)) NOT BETWEEN 1 AND 200
        OR instr(CAST(NEW.name AS BLOB), x'00') > 0
        OR NEW.name GLOB '*[' || char(1) || '-' || char(31) || char(127) || '-' || char(159) || ']*';
    SELECT RAISE(ABORT, 'cofila_inbox: data must be JSON of at most 1 MiB')
        WHERE typeof(NEW.data) = 'blob' OR NOT json_valid(coalesce(NEW.data, 'null'))
        OR instr(CAST(coalesce(NEW.data, '') AS BLOB), x'00') > 0
        OR length(CAST(coalesce(NEW.data, '') AS BLOB)) > 1048576;
    SELECT RAISE(ABORT, 'cofila_inbox: delay_ms must be a whole number from 0 to 3155760000000 (100 years)')
        WHERE typeof(NEW.delay_ms) <> 'null'
        AND (typeof(NEW.delay_ms) <> 'integer' OR NEW.delay_ms NOT BETWEEN 0 AND 3155760000000);
    SELECT RAISE(ABORT, 'cofila_inbox: priority must be a whole number from 0 to 2097151')
        WHERE typeof(NEW.priority) <> 'null'
        AND (typeof(NEW.priority) <> 'integer' OR NEW.priority NOT BETWEEN 0 AND 2097151);
    SELECT RAISE(ABORT, 'cofila_inbox: attempts must be a whole number from 1 to 2147483647')
        WHERE typeof(NEW.attempts) <> 'null'
        AND (typeof(NEW.attempts) <> 'integer' OR NEW.attempts NOT BETWEEN 1 AND 2147483647);

    INSERT INTO cofila_queues (name)
        SELECT NEW.queue WHERE NOT EXISTS (SELECT 1 FROM cofila_queues WHERE name = NEW.queue);
    UPDATE cofila_queues SET tail = tail + 1 WHERE name IN ('', NEW.queue); -- the new key, and the new position
    INSERT INTO cofila_options (text)
        SELECT '{"attempts":' || coalesce(NEW.attempts, 1)
            || iif(NEW.priority > 0, ',"priority":' || NEW.priority, '') || '}'
        WHERE (SELECT count(*) FROM cofila_options) < 1000
        AND NOT EXISTS (SELECT 1 FROM cofila_options WHERE text = '{"attempts":' || coalesce(NEW.attempts, 1)
            || iif(NEW.priority > 0, ',"priority":' || NEW.priority, '') || '}');
    INSERT INTO cofila_jobs (key, queue, options, rare, created_at, priority, position, run_at, name, random, data)
        SELECT k.tail, q.number, o.number, o.number IS NULL, t.now, coalesce(NEW.priority, 0), q.tail,
            iif(NEW.delay_ms > 0, t.now + NEW.delay_ms, NULL), NEW.name,
            -- 74 random bits, with the version and the variant of a UUID in between
            CAST(substr(x'808182838485868788898a8b8c8d8e8f', 1 + (random() & 15), 1) || randomblob(1)
                || substr(CAST(x'808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f'
                    || x'a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf' AS BLOB),
                    1 + (random() & 63), 1)
                || randomblob(7) AS BLOB),
            iif(length(CAST(NEW.data AS BLOB)) > 500, NULL, CAST(coalesce(NEW.data, 'null') AS TEXT))
        FROM (SELECT CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) AS now) AS t
        JOIN cofila_queues AS k ON k.number = 0 JOIN cofila_queues AS q ON q.name = NEW.queue
        LEFT JOIN cofila_options AS o ON o.text = '{"attempts":' || coalesce(NEW.attempts, 1)
            || iif(NEW.priority > 0, ',"priority":' || NEW.priority, '') || '}';
    INSERT INTO cofila_rare (job, queue, options)
        SELECT j.key, j.queue, '{"attempts":' || coalesce(NEW.attempts, 1)
            || iif(NEW.priority > 0, ',"priority":' || NEW.priority, '') || '}'
        FROM cofila_queues AS k JOIN cofila_jobs AS j ON j.key = k.tail WHERE k.number = 0 AND j.rare = 1;
    INSERT INTO cofila_bodies (job, data)
        SELECT tail, NEW.data FROM cofila_queues WHERE number = 0 AND length(CAST(NEW.data AS BLOB)) > 500;
    INSERT INTO cofila_waiting (queue, priority, position, key)
        SELECT j.queue, j.priority, j.position, j.key FROM cofila_queues AS k JOIN cofila_jobs AS j ON j.key = k.tail
        WHERE k.number = 0 AND j.run_at IS NULL;
    INSERT INTO cofila_delayed (queue, run_at, position, key, priority)
        SELECT j.queue, j.run_at, j.position, j.key, j.priority
        FROM cofila_queues AS k JOIN cofila_jobs AS j ON j.key = k.tail
        WHERE k.number = 0 AND j.run_at IS NOT NULL;
END;

-- What is known of a job in every state: a part of cofila_v_jobs.
CREATE VIEW cofila_v_job_facts AS
    SELECT j.key, q.number, q.name AS queue,
        coalesce(j.id, printf('%08x-%04x-', j.key >> 16, j.key & 65535)
            || lower(substr(hex(j.random), 1, 4) || '-' || substr(hex(j.random), 5, 4) || '-'
            || substr(hex(j.random), 9))) AS id,
        j.name, j.priority, coalesce(j.data, b.data) AS data, nullif(j.progress, '') AS progress,
        strftime('%Y-%m-%dT%H:%M:%fZ', j.created_at / 1000.0, 'unixepoch') AS created_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', j.processed_at / 1000.0, 'unixepoch') AS processed_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', r.expires_at / 1000.0, 'unixepoch') AS expires_at,
        json_extract(iif(json_valid(coalesce(o.text, r.options)), coalesce(o.text, r.options), '{}'), '$.attempts')
            AS attempts,
        j.attempts_made, j.attempts_started, j.stalled_count, j.deferrals, j.worker,
        nullif(j.failed_reason, '') AS failed_reason, b.result,
        json_extract(iif(json_valid(coalesce(o.text, r.options)), coalesce(o.text, r.options), '{}'), '$.group')
            AS group_key,
        r.dedup_id
    FROM cofila_jobs AS j
    JOIN cofila_queues AS q ON q.number = j.queue
    LEFT JOIN cofila_options AS o ON o.number = j.options
    LEFT JOIN cofila_rare AS r ON r.job = iif(j.rare, j.key, NULL)
    LEFT JOIN cofila_bodies AS b ON b.job = j.key;

-- One row for each job, with its state as a word and times as ISO text in UTC.
CREATE VIEW cofila_v_jobs AS
    SELECT f.queue, f.id, f.name, 'waiting' AS state, f.priority, f.data,
        NULL AS result, f.failed_reason AS failed_reason, f.progress, f.created_at,
        NULL AS run_at,
        f.processed_at AS processed_at,
        NULL AS finished_at,
        NULL AS locked_until,
        f.expires_at, f.attempts, f.attempts_made, f.attempts_started AS attempts_started, f.stalled_count,
        f.deferrals, n.name AS worker, f.group_key, f.dedup_id, f.key
    FROM cofila_waiting AS s JOIN cofila_v_job_facts AS f ON f.key = s.key AND f.number = s.queue
    LEFT JOIN cofila_worker_names AS n ON n.number = f.worker
    UNION ALL
    SELECT f.queue, f.id, f.name, 'waiting' AS state, f.priority, f.data,
        NULL AS result, f.failed_reason AS failed_reason, f.progress, f.created_at,
        NULL AS run_at,
        f.processed_at AS processed_at,
        NULL AS finished_at,
        NULL AS locked_until,
        f.expires_at, f.attempts, f.attempts_made, f.attempts_started AS attempts_started, f.stalled_count,
        f.deferrals, n.name AS worker, f.group_key, f.dedup_id, f.key
    FROM cofila_waiting_grouped AS s JOIN cofila_v_job_facts AS f ON f.key = s.key AND f.number = s.queue
    LEFT JOIN cofila_worker_names AS n ON n.number = f.worker
    UNION ALL
    SELECT f.queue, f.id, f.name, 'delayed' AS state, f.priority, f.data,
        NULL AS result, f.failed_reason AS failed_reason, f.progress, f.created_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', s.run_at / 1000.0, 'unixepoch') AS run_at,
        f.processed_at AS processed_at,
        NULL AS finished_at,
        NULL AS locked_until,
        f.expires_at, f.attempts, f.attempts_made, f.attempts_started AS attempts_started, f.stalled_count,
        f.deferrals, n.name AS worker, f.group_key, f.dedup_id, f.key
    FROM cofila_delayed AS s JOIN cofila_v_job_facts AS f ON f.key = s.key AND f.number = s.queue
    LEFT JOIN cofila_worker_names AS n ON n.number = f.worker
    UNION ALL
    SELECT f.queue, f.id, f.name, 'active' AS state, f.priority, f.data,
        NULL AS result, f.failed_reason AS failed_reason, f.progress, f.created_at,
        NULL AS run_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', s.processed_at / 1000.0, 'unixepoch') AS processed_at,
        NULL AS finished_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', s.locked_until / 1000.0, 'unixepoch') AS locked_until,
        f.expires_at, f.attempts, f.attempts_made, s.attempts_started AS attempts_started, f.stalled_count,
        f.deferrals, n.name AS worker, f.group_key, f.dedup_id, f.key
    FROM cofila_active AS s JOIN cofila_v_job_facts AS f ON f.key = s.key AND f.number = s.queue
    LEFT JOIN cofila_worker_names AS n ON n.number = s.worker
    UNION ALL
    SELECT f.queue, f.id, f.name, 'completed' AS state, f.priority, f.data,
        iif(s.result <> '', s.result, f.result) AS result, NULL AS failed_reason, f.progress, f.created_at,
        NULL AS run_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', s.processed_at / 1000.0, 'unixepoch') AS processed_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', s.finished_at / 1000.0, 'unixepoch') AS finished_at,
        NULL AS locked_until,
        f.expires_at, f.attempts, s.attempts_made, s.attempts_started AS attempts_started, s.stalled_count,
        s.deferrals, n.name AS worker, f.group_key, f.dedup_id, f.key
    FROM cofila_finished AS s JOIN cofila_v_job_facts AS f ON f.key = s.key AND f.number = s.queue
    LEFT JOIN cofila_worker_names AS n ON n.number = s.worker
    WHERE s.state = 4
    UNION ALL
    SELECT f.queue, f.id, f.name, 'failed' AS state, f.priority, f.data,
        NULL AS result, s.failed_reason AS failed_reason, f.progress, f.created_at,
        NULL AS run_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', s.processed_at / 1000.0, 'unixepoch') AS processed_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', s.finished_at / 1000.0, 'unixepoch') AS finished_at,
        NULL AS locked_until,
        f.expires_at, f.attempts, s.attempts_made, s.attempts_started AS attempts_started, s.stalled_count,
        s.deferrals, n.name AS worker, f.group_key, f.dedup_id, f.key
    FROM cofila_finished AS s JOIN cofila_v_job_facts AS f ON f.key = s.key AND f.number = s.queue
    LEFT JOIN cofila_worker_names AS n ON n.number = s.worker
    WHERE s.state = 5;

-- One row for each queue, with exact counts.
CREATE VIEW cofila_v_queues AS
    SELECT q.name, iif(q.paused, 'paused', 'open') AS state,
        (SELECT count(*) FROM cofila_waiting WHERE queue = q.number)
            + (SELECT count(*) FROM cofila_waiting_grouped WHERE queue = q.number) AS waiting,
        (SELECT count(*) FROM cofila_delayed WHERE queue = q.number) AS delayed,
        (SELECT count(*) FROM cofila_active WHERE queue = q.number) AS active,
        (SELECT count(*) FROM cofila_finished WHERE queue = q.number AND state = 4) AS completed,
        (SELECT count(*) FROM cofila_finished WHERE queue = q.number AND state = 5) AS failed,
        strftime('%Y-%m-%dT%H:%M:%fZ', (SELECT min(run_at) FROM cofila_delayed WHERE queue = q.number)
            / 1000.0, 'unixepoch')
            AS next_due_at,
        strftime('%Y-%m-%dT%H:%M:%fZ', q.rests_until / 1000.0, 'unixepoch') AS rests_until,
        q.concurrency, q.rate_max, q.rate_window AS rate_window_ms, q.group_concurrency, q.group_rate_max,
        q.group_rate_window AS group_rate_window_ms, iif(q.keep_order, 'yes', 'no') AS keep_order
    FROM cofila_queues AS q WHERE q.number <> 0;
)sql";
}

}  // namespace cofila::sqlite
