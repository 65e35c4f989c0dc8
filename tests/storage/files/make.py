#!/usr/bin/env python3
"""make.py: writes version_1.db to version_4.db, files as programs of these schema versions left them.

The tables are made by the texts of lib/sqlite/migrations.cpp, which never change. The files are committed: run this only
to add a job to all of them, and look at what the tests say then. version_5.db is not made here: a program of version 5,
without maintenance, opened a copy of version_4.db and added jobs with generated ids to it.
"""
import re
import sqlite3
from pathlib import Path

HERE = Path(__file__).resolve().parent
TEXTS = re.findall(r'version_\d = R"sql\((.*?)\)sql"', (HERE.parents[2] / "lib/sqlite/migrations.cpp").read_text("utf-8"), re.S)
START = 1_790_000_000_000  # milliseconds since 1970
NEVER = 2**63 - 1
TOKEN = "00112233445566778899aabbccddee%02x"


def options(extra="", attempts=3, priority=0):
    return ('{"priority":%d,"lifo":false,"attempts":%d,"backoff":{"type":"exponential","delay":1000,"max":60000,"jitter":0E0},'
            '"on_completed":{"age":86400},"on_failed":{"age":604800},"max_stalled_count":1%s,"keep_logs":10,"keep_attempts":5}'
            % (priority, attempts, extra))


def claimed(key, **more):
    return dict(token=TOKEN % key, worker="host:%d" % (key % 3), lock_duration=30000, attempts_started=1,
                processed_at=START + 100 + key) | more


def of_version_1():
    yield dict(id="waiting-1", name="welcome", data='{"to":"ada"}')
    yield dict(id="018f0000-0000-7000-8000-000000000002", name="welcome", priority=7, options=options(priority=7))
    yield dict(id="front", position=-1)
    yield dict(id="again", attempts_made=1, failed_reason="refused", progress="50") | claimed(4, lock_duration=0, token="")
    yield dict(id="delayed", state=1, run_at=START + 3_600_000)
    yield dict(id="retried", state=1, run_at=START + 60_000, attempts_made=2, failed_reason="refused") | claimed(6)
    yield dict(id="active", state=2, locked_until=START + 30_000, progress='{"done":3}') | claimed(7)
    yield dict(id="stalled", state=2, locked_until=START - 30_000, stalled_count=1) | claimed(8)
    yield dict(id="completed", state=4, finished_at=START + 5_000, result='"ok"', attempts_made=1,
               prune_at=START + 86_400_000) | claimed(9)
    yield dict(id="one of the last", state=4, finished_at=START + 6_000, attempts_made=1, prune_count=100) | claimed(10)
    yield dict(id="failed", state=5, finished_at=START + 7_000, failed_reason="no such address", attempts_made=3,
               prune_at=START + 604_800_000) | claimed(11, attempts_started=3)
    yield dict(id="long", data=None, body=('"%s"' % ("d" * 900), None))
    yield dict(id="long result", state=4, finished_at=START + 8_000, result=None, attempts_made=1,
               body=(None, '"%s"' % ("r" * 900))) | claimed(13)
    yield dict(id="ümlaut \U0001f980", name="grüße", data='"ß"')
    yield dict(id="paused", queue="paused queue")
    # What a program finds damaged.
    yield dict(id="damaged priority", priority=-5)
    yield dict(id="damaged options", options="{no JSON")
    yield dict(id="damaged data", data=None)
    yield dict(id="damaged counter", state=1, run_at=START, attempts_made=-1)
    yield dict(id="damaged state", state=9)


def of_version_2():
    yield dict(id="expires", expires_at=START + 1_000, options=options(',"ttl":1000'))
    yield dict(id="deferred", state=1, run_at=START + 9_000, deferrals=2) | claimed(102)
    yield dict(id="cancelled", state=2, locked_until=START + 30_000, cancelled="nobody wants it") | claimed(103)


def of_version_3():
    for number, (id, group, state) in enumerate([
            ("g1 first", "g1", 0), ("g1 second", "g1", 0), ("g2 first", "g2", 0), ("g1 active", "g1", 2),
            ("g2 delayed", "g2", 1), ("g3 started", "g3", 1), ("g3 waiting", "g3", 0), ("g4 completed", "g4", 4)]):
        row = dict(id=id, queue="grouped", group_key=group, state=state, options=options(',"group":"%s"' % group))
        if state in (2, 4) or id == "g3 started":
            row |= claimed(200 + number - 200 % 3)
        row |= {1: dict(run_at=START + 5_000), 2: dict(locked_until=START + 30_000),
                4: dict(finished_at=START + 9_000, attempts_made=1)}.get(state, {})
        yield row
    yield dict(id="alone", queue="grouped")
    unique = ',"dedup":{"id":"%s","mode":"%s","ttl":%d}'
    yield dict(id="holds d1", state=2, locked_until=START + 30_000, dedup_id="d1",
               options=options(unique % ("d1", "keep_last", 0))) | claimed(120)
    yield dict(id="kept for it", state=1, run_at=NEVER, kept="holds d1", options=options(unique % ("d1", "keep_last", 0)))
    yield dict(id="throttled", state=4, finished_at=START + 9_000, attempts_made=1, dedup_id="d2", dedup_until=START + 60_000,
               options=options(unique % ("d2", "throttle", 60_000))) | claimed(122)
    yield dict(id="had d3", state=5, finished_at=START + 9_000, failed_reason="x", attempts_made=3,
               options=options(unique % ("d3", "until_finished", 0))) | claimed(123)


def of_version_4():
    yield dict(id="promoted", run_at=START + 50, due_at=START + 50)
    yield dict(id="let run", due_at=START + 70)
    yield dict(id="tagged", options=options(',"tags":{"customer":"7"}'))


# As a program of version 4 created them where a queue was watched.
LOGGING = (
    "CREATE TRIGGER IF NOT EXISTS $trigger WHEN ($when) AND (SELECT events FROM cofila_watched WHERE queue = $row.queue) "
    "IS NOT NULL BEGIN UPDATE cofila_watched SET last_event = last_event + 1 WHERE queue = $row.queue; INSERT INTO "
    "cofila_events (queue, sequence, kind, job, was, state, at, text) SELECT queue, last_event, $what FROM cofila_watched "
    "WHERE queue = $row.queue; DELETE FROM cofila_events WHERE queue = $row.queue AND sequence <= (SELECT last_event - events "
    "FROM cofila_watched WHERE queue = $row.queue); END")
TRIGGERS = (
    ("cofila_log_added AFTER INSERT ON cofila_jobs", "NEW", "true", "0, NEW.id, NULL, NEW.state, NEW.created_at, NEW.name"),
    ("cofila_log_moved AFTER UPDATE OF state, run_at ON cofila_jobs", "NEW",
     "NEW.state <> OLD.state OR (NEW.state = 1 AND NEW.run_at IS NOT OLD.run_at)",
     "1, NEW.id, OLD.state, NEW.state, CASE NEW.state WHEN 2 THEN NEW.processed_at WHEN 4 THEN NEW.finished_at WHEN 5 THEN "
     "NEW.finished_at END, iif(NEW.state = 5, NEW.failed_reason, '')"),
    ("cofila_log_progress AFTER UPDATE OF progress ON cofila_jobs", "NEW", "NEW.progress <> OLD.progress",
     "2, NEW.id, OLD.state, NEW.state, NULL, NEW.progress"),
    ("cofila_log_removed AFTER DELETE ON cofila_jobs", "OLD", "true", "3, OLD.id, OLD.state, OLD.state, NULL, ''"),
)
COUNTING = (
    "CREATE TRIGGER cofila_count_ends AFTER UPDATE OF state ON cofila_jobs WHEN NEW.state IN (4, 5) AND NEW.state <> OLD.state "
    "AND (SELECT minutes FROM cofila_watched WHERE queue = NEW.queue) IS NOT NULL BEGIN INSERT INTO cofila_metrics (queue, "
    "minute, state, jobs, total, longest) SELECT NEW.queue, NEW.finished_at / 60000, NEW.state, 1, took, took FROM (SELECT "
    "iif(OLD.state = 2, max(0, NEW.finished_at - coalesce(NEW.processed_at, NEW.finished_at)), 0) AS took) WHERE true ON "
    "CONFLICT (queue, minute, state) DO UPDATE SET jobs = jobs + 1, total = total + excluded.total, longest = max(longest, "
    "excluded.longest); DELETE FROM cofila_metrics WHERE queue = NEW.queue AND minute <= NEW.finished_at / 60000 - (SELECT "
    "minutes FROM cofila_watched WHERE queue = NEW.queue); END")


def watch(db):
    for trigger, row, when, what in TRIGGERS:
        db.execute(LOGGING.replace("$trigger", trigger).replace("$what", what).replace("$when", when).replace("$row", row))
    db.execute(COUNTING)
    db.execute("INSERT INTO cofila_watched VALUES (1, 100, 0, 60)")
    db.execute("INSERT INTO cofila_cursors VALUES (1, 'reader', 1)")
    db.execute("INSERT INTO cofila_metrics VALUES (1, ?, 4, 3, 3000, 2000)", (START // 60000,))


def add(db, key, job):
    queue = job.pop("queue", "mails")
    body, kept = job.pop("body", None), job.pop("kept", None)
    db.execute("INSERT OR IGNORE INTO cofila_queues (name) VALUES (?)", (queue,))
    number, = db.execute("SELECT number FROM cofila_queues WHERE name = ?", (queue,)).fetchone()
    row = dict(key=key, queue=number, name="job", state=0, priority=0, position=key, created_at=START + key,
               options=options(), data='{"n":%d}' % key) | job
    if kept:
        row["kept_for"], = db.execute("SELECT key FROM cofila_jobs WHERE id = ?", (kept,)).fetchone()
    db.execute(f"INSERT INTO cofila_jobs ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    if body:
        db.execute("INSERT INTO cofila_bodies VALUES (?, ?, ?)", (key, *body))
    if row.get("failed_reason"):
        db.execute("INSERT INTO cofila_attempts VALUES (?, 1, 1, ?, 'std::runtime_error', '', 0, ?, 'host:1')",
                   (key, row["failed_reason"], START + key))
        db.execute("INSERT INTO cofila_logs VALUES (?, 1, ?, 'connected')", (key, START + key))


def make(version):
    path = HERE / f"version_{version}.db"
    path.unlink(missing_ok=True)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA application_id=%d" % 0x636F6669)
    for text in TEXTS[:version]:
        db.executescript(text)
    db.execute("INSERT INTO cofila_meta VALUES ('schema_version', ?)", (version,))
    db.execute("INSERT INTO cofila_queues (name) VALUES ('mails')")
    if version == 4:
        watch(db)
    jobs = [job for part in (of_version_1, of_version_2, of_version_3, of_version_4)[:version] for job in part()]
    for key, job in enumerate(jobs, 1):
        add(db, key, job)
    db.execute("UPDATE cofila_queues SET head = -1000, tail = 1000")
    db.execute("UPDATE cofila_queues SET paused = 1 WHERE name = 'paused queue'")
    db.execute("INSERT INTO cofila_workers VALUES ('host:1', 'boot', 1, 2, 3, ?)", (START,))
    if version >= 2:
        db.execute("UPDATE cofila_queues SET rests_until = ? WHERE name = 'paused queue'", (START + 9,))
    if version >= 3:
        db.execute("UPDATE cofila_queues SET grouped = 1, group_concurrency = 1, group_rate_max = 5, group_rate_window = 1000, "
                   "concurrency = 4, keep_order = 1 WHERE name = 'grouped'")
        number, = db.execute("SELECT number FROM cofila_queues WHERE name = 'grouped'").fetchone()
        for group, served in (("", 5), ("g1", 9), ("g2", 7), ("gone", 8)):
            db.execute("INSERT INTO cofila_groups VALUES (?, ?, ?)", (number, group, served))
        db.execute("INSERT INTO cofila_claim_log VALUES (?, 'g1', ?, 2)", (number, START))
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


if __name__ == "__main__":
    for version in range(1, 5):
        make(version)
