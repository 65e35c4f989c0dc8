// The inbox and the views of version 1, for programs in other languages and for people.
//
//     INSERT INTO cofila.cofila_inbox (queue, name, data) VALUES ('mails', 'welcome', '{"to": "ada"}');
//
// adds a job in the caller's transaction, with the built-in options, as cofila::enqueue does; delay_ms, priority and
// attempts may be given too. The trigger checks all values first. Its function runs with the rights of the schema's
// owner, so that a role needs none but INSERT on the view, and finds nothing by the caller's search_path. Rows that are
// added at once by several transactions do not disturb each other; what else writes waits for their ends, and they for
// its end. The text is a part of the stored format and must never be edited.
#include "postgres/schema.hpp"

namespace cofila::postgres {

const char* inbox_of_1() noexcept
{
    return R"sql(
CREATE VIEW @cofila_inbox (queue, name, data, delay_ms, priority, attempts) AS
    SELECT NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::int, NULL::int WHERE false;

CREATE FUNCTION @is_json(data text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN data::json IS NOT NULL;
EXCEPTION WHEN others THEN
    RETURN false;
END $$;

CREATE FUNCTION @check_inbox(queue text, name text, data text, delay_ms bigint, priority int, attempts int)
RETURNS void LANGUAGE plpgsql IMMUTABLE SET search_path = '' AS $$
DECLARE
    wrong text := CASE
        WHEN queue IS NULL OR octet_length(queue) NOT BETWEEN 1 AND 200 OR queue ~ '[\u0001-\u001f\u007f-\u009f]'
            THEN 'queue must be a text of 1 to 200 bytes without control characters'
        WHEN name IS NULL OR octet_length(name) NOT BETWEEN 1 AND 200 OR name ~ '[\u0001-\u001f\u007f-\u009f]'
            THEN 'name must be a text of 1 to 200 bytes without control characters'
        WHEN octet_length(data) > 1048576 OR NOT @is_json(coalesce(data, 'null'))
            THEN 'data must be JSON of at most 1 MiB'
        WHEN delay_ms NOT BETWEEN 0 AND 3155760000000
            THEN 'delay_ms must be a whole number from 0 to 3155760000000 (100 years)'
        WHEN priority NOT BETWEEN 0 AND 2097151 THEN 'priority must be a whole number from 0 to 2097151'
        WHEN attempts < 1 THEN 'attempts must be a whole number from 1 to 2147483647'
    END;
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'cofila_inbox: %', wrong USING ERRCODE = 'invalid_parameter_value';
    END IF;
END $$;

-- The number of options that many jobs share; null if there are enough of them.
CREATE FUNCTION @number_of_options(wanted text) RETURNS int LANGUAGE plpgsql SET search_path = '' AS $$
DECLARE
    its_hash bytea := sha256(convert_to(wanted, 'UTF8'));
BEGIN
    INSERT INTO @options (text, hash) SELECT wanted, its_hash
        WHERE NOT EXISTS (SELECT 1 FROM @options AS o WHERE o.hash = its_hash)
        AND (SELECT count(*) FROM @options) < 1000 ON CONFLICT (hash) DO NOTHING;
    RETURN (SELECT o.number FROM @options AS o WHERE o.hash = its_hash);
END $$;

CREATE FUNCTION @add_from_inbox() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    now bigint := floor(extract(epoch FROM clock_timestamp()) * 1000);
    job bigint := nextval('@keys');
    in_queue int;
    its_options text := '{"attempts":' || coalesce(NEW.attempts, 1)
        || CASE WHEN NEW.priority > 0 THEN ',"priority":' || NEW.priority ELSE '' END || '}';
    shared int;
    random bytea := substring(uuid_send(gen_random_uuid()) FROM 7 FOR 10);
BEGIN
    PERFORM @check_inbox(NEW.queue, NEW.name, NEW.data, NEW.delay_ms, NEW.priority, NEW.attempts);
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('cofila:' || TG_TABLE_SCHEMA, 0));
    INSERT INTO @queues (name) SELECT NEW.queue
        WHERE NOT EXISTS (SELECT 1 FROM @queues AS q WHERE q.name = NEW.queue) ON CONFLICT (name) DO NOTHING;
    SELECT q.number INTO in_queue FROM @queues AS q WHERE q.name = NEW.queue;
    shared := @number_of_options(its_options);
    INSERT INTO @jobs (key, created_at, queue, options, own_options, random, name, data) VALUES (job, now, in_queue,
        shared, CASE WHEN shared IS NULL THEN its_options END,
        set_byte(random, 0, 128 | (get_byte(random, 0) & 15)), -- version 8 of a UUID
        NEW.name, coalesce(NEW.data, 'null'));
    INSERT INTO @live (key, queue, state, priority, position, run_at) VALUES (job, in_queue,
        CASE WHEN NEW.delay_ms > 0 THEN 1 ELSE 0 END, coalesce(NEW.priority, 0), nextval('@positions'),
        CASE WHEN NEW.delay_ms > 0 THEN now + NEW.delay_ms END);
    PERFORM pg_notify('cofila_' || TG_TABLE_SCHEMA, '');
    RETURN NEW;
END $$;

REVOKE ALL ON FUNCTION @add_from_inbox() FROM PUBLIC; -- or a role could make it the trigger of a view of its own
CREATE TRIGGER add_from_inbox INSTEAD OF INSERT ON @cofila_inbox FOR EACH ROW EXECUTE FUNCTION @add_from_inbox();

-- A time that no date can be written for is infinity.
CREATE FUNCTION @time_of(at bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN at > 253402300799999 THEN 'infinity' WHEN at < -62135596800000 THEN '-infinity'
        ELSE to_timestamp(at / 1000.0) END
$$;

-- A member of the options of a job, however damaged they are.
CREATE FUNCTION @option_of(options text, name text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN options::json ->> name;
EXCEPTION WHEN others THEN
    RETURN NULL;
END $$;

-- One row for each job, with its state as a word.
CREATE VIEW @cofila_v_jobs AS
SELECT r.queue_name AS queue, r.job_id AS id, r.name,
    CASE r.state WHEN 0 THEN 'waiting' WHEN 1 THEN 'delayed' WHEN 2 THEN 'active' WHEN 4 THEN 'completed' ELSE 'failed'
    END AS state,
    r.priority, r.data, nullif(r.result, '') AS result,
    CASE WHEN r.state IN (2, 4) THEN NULL ELSE nullif(r.failed_reason, '') END AS failed_reason,
    nullif(r.progress, '') AS progress, @time_of(r.created_at) AS created_at,
    CASE WHEN r.state = 1 THEN @time_of(r.run_at) END AS run_at, @time_of(r.processed_at) AS processed_at,
    @time_of(r.finished_at) AS finished_at, @time_of(r.locked_until) AS locked_until,
    @time_of(r.expires_at) AS expires_at, @option_of(coalesce(o.text, r.own_options), 'attempts')::int AS attempts,
    r.attempts_made, r.attempts_started, r.stalled_count, r.deferrals, r.worker,
    @option_of(coalesce(o.text, r.own_options), 'group') AS group_key, r.dedup_id, r.key
FROM @job_rows AS r LEFT JOIN @options AS o ON o.number = r.options;

-- One row for each queue, with exact counts.
CREATE VIEW @cofila_v_queues AS
SELECT q.name, CASE WHEN q.paused THEN 'paused' ELSE 'open' END AS state,
    (SELECT count(*) FROM @live AS l WHERE l.queue = q.number AND l.state = 0) AS waiting,
    (SELECT count(*) FROM @live AS l WHERE l.queue = q.number AND l.state = 1) AS delayed,
    (SELECT count(*) FROM @live AS l WHERE l.queue = q.number AND l.state = 2) AS active,
    (SELECT count(*) FROM @finished AS f WHERE f.queue = q.number AND f.state = 4) AS completed,
    (SELECT count(*) FROM @finished AS f WHERE f.queue = q.number AND f.state = 5) AS failed,
    @time_of((SELECT min(l.run_at) FROM @live AS l WHERE l.queue = q.number AND l.state = 1)) AS next_due_at,
    @time_of(q.rests_until) AS rests_until, q.concurrency, q.rate_max, q.rate_window AS rate_window_ms,
    q.group_concurrency, q.group_rate_max, q.group_rate_window AS group_rate_window_ms,
    CASE WHEN q.keep_order THEN 'yes' ELSE 'no' END AS keep_order
FROM @queues AS q;
)sql";
}

}  // namespace cofila::postgres
