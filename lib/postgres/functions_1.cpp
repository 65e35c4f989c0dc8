// The event log and the metrics are written by triggers, in the transaction that changes the job: so they hold exactly
// what was committed, whichever program changed it. The number of an event has no gaps, since it is counted in the
// queue's row, which the transaction then holds. A trigger runs once for a statement, whatever the number of its rows,
// in the order in which they were written. The triggers are created when the first queue of a schema asks for events or
// counts, and dropped with the last one: schemas without watchers pay nothing. Their rules are those of
// lib/domain/observation.hpp, which the memory repository calls: a change of one is a change of both. They rely on two
// habits of all statements: a job's row in `jobs` is there before its row in the table of a state, and when a job is
// removed that row goes first, while its state can still be seen. `@name` stands for the name with its schema. For
// "BETWEEN" see rows.hpp. The text is a part of the stored format and must never be edited.
#include "postgres/schema.hpp"

namespace cofila::postgres {

const char* functions_of_1() noexcept
{
    return R"sql(
-- A change of a job of a watched queue, before it has a number.
CREATE TYPE @job_change AS (
    queue int, kind smallint, job text, was smallint, state smallint, at bigint, text text
);

-- Numbers the events of one statement in their order and deletes what is beyond the bound of each queue.
CREATE FUNCTION @log_changes(changes @job_change[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH change AS MATERIALIZED (
        SELECT * FROM unnest(changes) WITH ORDINALITY AS c (queue, kind, job, was, state, at, text, place)
    ), counted AS MATERIALIZED (
        SELECT queue, count(*) AS events FROM change GROUP BY queue ORDER BY queue
    ), numbered AS (
        UPDATE @queues AS q SET last_event = q.last_event + c.events FROM counted AS c WHERE q.number = c.queue
        RETURNING q.number, q.last_event - c.events AS last, q.last_event - q.events AS forgotten
    ), deleted AS (
        DELETE FROM @events AS e USING numbered AS n WHERE e.queue BETWEEN n.number AND n.number
            AND e.sequence <= n.forgotten
    )
    INSERT INTO @events (queue, sequence, kind, job, was, state, at, text)
    SELECT c.queue, n.last + c.number, c.kind, c.job, c.was, c.state, c.at, c.text
    FROM (SELECT *, row_number() OVER (PARTITION BY queue ORDER BY place) AS number FROM change) AS c
    JOIN numbered AS n ON n.number = c.queue WHERE n.last + c.number > n.forgotten;
END $$;

CREATE FUNCTION @log_arrivals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @log_changes(array_agg((c.queue, CASE WHEN c.was IS NULL THEN 0 ELSE 1 END, @id_of(j.key, j.id, j.random),
        c.was, c.state, CASE WHEN c.was IS NULL THEN j.created_at END,
        CASE WHEN c.was IS NULL THEN j.name ELSE '' END)::@job_change ORDER BY c.place))
    FROM (SELECT *, row_number() OVER () AS place FROM arrived) AS c JOIN @jobs AS j ON j.key BETWEEN c.key AND c.key
    JOIN @queues AS q ON q.number = c.queue WHERE q.events IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- To another state, to another time of a delayed job, or progress.
CREATE FUNCTION @log_moves() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
BEGIN
    PERFORM @log_changes(array_agg((c.queue, CASE WHEN c.moved THEN 1 ELSE 2 END, @id_of(j.key, j.id, j.random),
        c.was, c.state, CASE WHEN c.moved AND c.state = 2 THEN c.processed_at END,
        CASE WHEN c.moved THEN '' ELSE c.progress END)::@job_change ORDER BY c.place))
    FROM (
        SELECT a.key, a.queue, b.state AS was, a.state, a.processed_at, a.progress, a.place,
            b.state <> a.state OR (a.state = 1 AND a.run_at IS DISTINCT FROM b.run_at) AS moved
        FROM (SELECT *, row_number() OVER () AS place FROM after) AS a JOIN before AS b ON b.key = a.key
        WHERE b.state <> a.state OR (a.state = 1 AND a.run_at IS DISTINCT FROM b.run_at) OR a.progress <> b.progress
    ) AS c JOIN @jobs AS j ON j.key BETWEEN c.key AND c.key
    JOIN @queues AS q ON q.number = c.queue WHERE q.events IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION @log_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @log_changes(array_agg((c.queue, 1, @id_of(j.key, j.id, j.random), c.was, c.state, c.finished_at,
        CASE WHEN c.state = 5 THEN c.failed_reason ELSE '' END)::@job_change ORDER BY c.place))
    FROM (SELECT *, row_number() OVER () AS place FROM arrived) AS c JOIN @jobs AS j ON j.key BETWEEN c.key AND c.key
    JOIN @queues AS q ON q.number = c.queue WHERE q.events IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- Progress of finished jobs.
CREATE FUNCTION @log_progress() RETURNS trigger LANGUAGE plpgsql SET enable_hashjoin = on AS $$
BEGIN
    PERFORM @log_changes(array_agg((a.queue, 2, @id_of(j.key, j.id, j.random), a.state, a.state, NULL,
        a.progress)::@job_change ORDER BY a.key))
    FROM after AS a JOIN before AS b ON b.key = a.key JOIN @jobs AS j ON j.key BETWEEN a.key AND a.key
    JOIN @queues AS q ON q.number = a.queue
    WHERE q.events IS NOT NULL AND a.progress <> b.progress HAVING count(*) > 0;
    RETURN NULL;
END $$;

-- The row of `jobs` goes first, while the state of the job can still be seen.
CREATE FUNCTION @log_removals() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM @log_changes(array_agg((c.queue, 3, @id_of(c.key, c.id, c.random), c.state, c.state, NULL,
        '')::@job_change ORDER BY c.place))
    FROM (
        SELECT j.key, j.id, j.random, j.queue, coalesce(l.state, f.state, 5) AS state, j.place
        FROM (SELECT *, row_number() OVER () AS place FROM gone) AS j
        LEFT JOIN @live AS l ON l.key BETWEEN j.key AND j.key
        LEFT JOIN @finished AS f ON f.key BETWEEN j.key AND j.key
    ) AS c JOIN @queues AS q ON q.number = c.queue WHERE q.events IS NOT NULL HAVING count(*) > 0;
    RETURN NULL;
END $$;

CREATE FUNCTION @count_ends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO @metrics AS m (queue, minute, state, slot, jobs, total, longest)
    SELECT c.queue, c.finished_at / 60000, c.state, pg_backend_pid() % 8, count(*), sum(c.took), max(c.took)
    FROM (
        SELECT a.queue, a.finished_at, a.state, CASE WHEN a.was = 2
            THEN greatest(0, a.finished_at - coalesce(a.processed_at, a.finished_at)) ELSE 0 END AS took
        FROM arrived AS a JOIN @queues AS q ON q.number = a.queue WHERE q.minutes IS NOT NULL
    ) AS c GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (queue, minute, state, slot) DO UPDATE SET jobs = m.jobs + excluded.jobs,
        total = m.total + excluded.total, longest = greatest(m.longest, excluded.longest);
    DELETE FROM @metrics AS m USING (
        SELECT a.queue, max(a.finished_at) / 60000 - q.minutes AS last FROM arrived AS a
        JOIN @queues AS q ON q.number = a.queue WHERE q.minutes IS NOT NULL GROUP BY a.queue, q.minutes
    ) AS forgotten WHERE m.queue BETWEEN forgotten.queue AND forgotten.queue AND m.minute <= forgotten.last;
    RETURN NULL;
END $$;

-- Creates the triggers if any queue keeps events or counts, and drops them otherwise. Only the owner of a table can do
-- that, whose rights it therefore has.
CREATE FUNCTION @adjust_triggers() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
DECLARE
    wanted boolean := EXISTS (SELECT 1 FROM @queues WHERE events IS NOT NULL OR minutes IS NOT NULL);
    there boolean := EXISTS (
        SELECT 1 FROM pg_catalog.pg_trigger WHERE tgrelid = '@finished'::regclass AND tgname = 'count_ends'
    );
BEGIN
    IF wanted AND NOT there THEN
        CREATE TRIGGER log_arrivals AFTER INSERT ON @live REFERENCING NEW TABLE AS arrived
            FOR EACH STATEMENT EXECUTE FUNCTION @log_arrivals();
        CREATE TRIGGER log_moves AFTER UPDATE ON @live REFERENCING OLD TABLE AS before NEW TABLE AS after
            FOR EACH STATEMENT EXECUTE FUNCTION @log_moves();
        CREATE TRIGGER log_ends AFTER INSERT ON @finished REFERENCING NEW TABLE AS arrived
            FOR EACH STATEMENT EXECUTE FUNCTION @log_ends();
        CREATE TRIGGER log_progress AFTER UPDATE ON @finished REFERENCING OLD TABLE AS before NEW TABLE AS after
            FOR EACH STATEMENT EXECUTE FUNCTION @log_progress();
        CREATE TRIGGER log_removals AFTER DELETE ON @jobs REFERENCING OLD TABLE AS gone
            FOR EACH STATEMENT EXECUTE FUNCTION @log_removals();
        CREATE TRIGGER count_ends AFTER INSERT ON @finished REFERENCING NEW TABLE AS arrived
            FOR EACH STATEMENT EXECUTE FUNCTION @count_ends();
    ELSIF there AND NOT wanted THEN
        DROP TRIGGER log_arrivals ON @live;
        DROP TRIGGER log_moves ON @live;
        DROP TRIGGER log_ends ON @finished;
        DROP TRIGGER log_progress ON @finished;
        DROP TRIGGER log_removals ON @jobs;
        DROP TRIGGER count_ends ON @finished;
    END IF;
END $$;
)sql";
}

}  // namespace cofila::postgres
