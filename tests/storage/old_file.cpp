#include "storage/old_file.hpp"

#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "sqlite/migrations.hpp"

namespace cofila::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* fill_jobs = R"sql(
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1),
job AS (
    SELECT i, iif(i % 991 = 0, 9, substr('001244555', 1 + i % 9, 1) + 0) AS state,
        iif(i % 5 = 0, 'g' || i % 50, NULL) AS group_key, iif(i % 7 = 0, 'd' || i, NULL) AS dedup_id FROM n
)
INSERT INTO cofila_jobs (key, queue, id, name, state, priority, position, created_at, run_at, processed_at, finished_at,
        attempts_made, attempts_started, stalled_count, token, locked_until, lock_duration, worker, options, progress,
        data, result, failed_reason, prune_at, prune_count, deferrals, expires_at, cancelled, group_key, dedup_id,
        dedup_until, kept_for, due_at)
    SELECT i, 1 + i % 2, printf('018f0000-0000-7000-8000-%012x', i), 'job ' || i % 3, state,
        iif(i % 997 = 0, -1, i % 4), i, 1000 + i, CASE WHEN state = 1 AND i % 8 = 1 THEN 9223372036854775807
            WHEN state = 1 OR i % 12 = 0 THEN 2000 + i END, iif(state > 1, 1500 + i, NULL),
        iif(state > 3, 3000 + i, NULL), i % 3, 1 + i % 3, i % 2, iif(state = 2, printf('%032x', i), ''),
        iif(state = 2, 4000 + i, NULL), iif(state = 2, 30000, 0), iif(state > 1, 'worker ' || i % 20, ''),
        iif(i % 1009 = 0, '{no JSON', '{"attempts":' || (1 + i % 17)
            || iif(dedup_id IS NULL, '', ',"dedup":{"id":"' || dedup_id || '"}')
            || iif(group_key IS NULL, '', ',"group":"' || group_key || '"')
            || iif(i % 13 = 0, ',"tags":{"customer":"' || i || '"}', '') || '}'),
        iif(i % 6 = 0, '{"done":' || i || '}', ''),
        iif(i % 11 = 0, NULL, '{"to":"ada@example.com","subject":"' || hex(zeroblob(20)) || i || '"}'),
        CASE WHEN i % 10 = 3 THEN NULL WHEN state = 4 THEN '"ok"' ELSE '' END, iif(state = 5, 'refused', ''),
        iif(state > 3 AND i % 4 <> 0, 9000 + i, NULL), iif(state > 3 AND i % 3 = 0, 100, NULL), i % 2,
        iif(i % 15 = 0, 8000 + i, NULL), iif(state = 2 AND i % 2 = 0, 'why', NULL), group_key, dedup_id,
        iif(i % 14 = 0, 7000 + i, NULL), iif(state = 1 AND i % 8 = 1, 1, NULL), iif(i % 12 = 0, 2000 + i, NULL)
    FROM job
)sql";

constexpr const char* fill_bodies = R"sql(
INSERT INTO cofila_bodies (job, data, result)
    SELECT key, iif(data IS NULL AND key % 1001 <> 0, '"' || hex(zeroblob(400)) || key || '"', NULL),
        iif(result IS NULL, '"' || hex(zeroblob(400)) || '"', NULL)
    FROM cofila_jobs WHERE data IS NULL OR result IS NULL;
INSERT INTO cofila_attempts SELECT key, 1, 1, 'refused', 't', '', 0, 1600, 'w' FROM cofila_jobs WHERE state = 5;
INSERT INTO cofila_logs SELECT key, 1, 1600, 'connected' FROM cofila_jobs WHERE state = 5;
INSERT INTO cofila_groups VALUES (1, '', 5), (1, 'g10', 90000), (1, 'g20', 7);
INSERT INTO cofila_claim_log VALUES (1, 'g10', 1500, 2);
INSERT INTO cofila_watched VALUES (1, NULL, 3, NULL), (2, NULL, 4, NULL);
INSERT INTO cofila_events VALUES (1, 3, 0, 'x', NULL, 0, 5, 'a');
INSERT INTO cofila_cursors VALUES (1, 'reader', 2);
INSERT INTO cofila_metrics VALUES (1, 5, 4, 1, 1, 1);
)sql";

constexpr const char* read_of_4 = R"sql(
SELECT j.key, q.name, id, j.name, iif(state IN (0, 1, 2, 4, 5), state, 5), priority, position, created_at,
    CASE WHEN state = 0 THEN run_at WHEN state = 1 THEN coalesce(run_at, 0) END, processed_at,
    iif(state IN (0, 1, 2), finished_at, coalesce(finished_at, created_at)),
    attempts_made, attempts_started, stalled_count, deferrals, iif(state = 2, locked_until, NULL),
    iif(state = 2, lock_duration, NULL), worker, options, progress, coalesce(j.data, b.data),
    coalesce(j.result, b.result), iif(state IN (0, 1, 2, 4, 5), failed_reason,
        'the stored row of the job is damaged: state is ' || state), prune_at, prune_count, expires_at, cancelled,
    iif(state IN (0, 1, 2), group_key, NULL), dedup_id, dedup_until, kept_for, due_at
FROM cofila_jobs AS j JOIN cofila_queues AS q ON q.number = j.queue LEFT JOIN cofila_bodies AS b ON b.job = j.key
ORDER BY j.key
)sql";

/// A job whose place in the table of its state is not the one in cofila_jobs has no state here.
constexpr const char* read_of_5 = R"sql(
SELECT j.key, q.name, j.id, j.name, CASE WHEN w.key IS NOT NULL OR g.key IS NOT NULL THEN 0
        WHEN d.key IS NOT NULL THEN 1 WHEN a.key IS NOT NULL THEN 2 ELSE f.state END, j.priority, j.position,
    j.created_at, j.run_at, coalesce(a.processed_at, f.processed_at, j.processed_at), f.finished_at,
    coalesce(f.attempts_made, j.attempts_made), coalesce(a.attempts_started, f.attempts_started, j.attempts_started),
    coalesce(f.stalled_count, j.stalled_count), coalesce(f.deferrals, j.deferrals), a.locked_until, a.lock_duration,
    coalesce(n.name, ''), coalesce(o.text, r.options), j.progress, coalesce(j.data, b.data),
    coalesce(f.result, b.result, ''), coalesce(f.failed_reason, j.failed_reason), f.prune_at, f.prune_count,
    r.expires_at, a.cancelled, t.name, r.dedup_id, r.dedup_until, r.kept_for, j.due_at
FROM cofila_jobs AS j JOIN cofila_queues AS q ON q.number = j.queue
LEFT JOIN cofila_waiting AS w
    ON w.queue = j.queue AND w.priority = j.priority AND w.position = j.position AND w.key = j.key
LEFT JOIN cofila_active AS a ON a.queue = j.queue AND a.key = j.key
LEFT JOIN cofila_finished AS f ON f.key = j.key AND f.queue = j.queue
LEFT JOIN cofila_delayed AS d
    ON d.queue = j.queue AND d.run_at = j.run_at AND d.position = j.position AND d.key = j.key
    AND d.priority = j.priority AND d.started = (j.attempts_started > 0)
LEFT JOIN cofila_waiting_grouped AS g
    ON g.queue = j.queue AND g.priority = j.priority AND g.position = j.position AND g.key = j.key
LEFT JOIN cofila_groups AS t
    ON t.number = coalesce(g.group_number, d.group_number, a.group_number) AND t.queue = j.queue
LEFT JOIN cofila_worker_names AS n ON n.number = coalesce(a.worker, f.worker, j.worker)
LEFT JOIN cofila_options AS o ON o.number = j.options
LEFT JOIN cofila_rare AS r ON r.job = iif(j.rare, j.key, NULL)
LEFT JOIN cofila_bodies AS b ON b.job = j.key
ORDER BY j.key
)sql";

std::vector<std::string> lines_of(SQLite::Database& db, const char* sql)
{
    std::vector<std::string> out;
    SQLite::Statement row{db, sql};
    while (row.executeStep()) {
        std::string line;
        for (int column = 0; column < row.getColumnCount(); ++column)
            line += (row.isColumnNull(column) ? "-" : "'" + row.getColumn(column).getString() + "'") + ' ';
        out.push_back(std::move(line));
    }
    return out;
}

}  // namespace

void make_old_file(const std::string& path, int version)
{
    SQLite::Database db{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    db.exec("PRAGMA journal_mode=WAL; PRAGMA application_id=1668245097");
    sqlite::make_tables(db, 0, version);
    db.exec("INSERT INTO cofila_meta VALUES ('schema_version', " + std::to_string(version) + ")");
}

std::string copy_of_old_file(const std::string& folder, int version)
{
    const auto* const kept = std::getenv("COFILA_STORED_FILES");
    if (!kept)
        throw std::runtime_error{"COFILA_STORED_FILES is not set: run the test with meson, or ./dev test"};
    const auto name = "version_" + std::to_string(version) + ".db";
    fs::copy_file(fs::path{kept} / name, fs::path{folder} / name);
    fs::permissions(fs::path{folder} / name, fs::perms::owner_read | fs::perms::owner_write);
    return (fs::path{folder} / name).string();
}

void fill_old_file(const std::string& path, int jobs)
{
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    SQLite::Transaction writing{db};
    db.exec(
        "INSERT INTO cofila_queues (number, name, tail, grouped, group_concurrency) VALUES (1, 'q', 5000000, 1, 2), "
        "(2, 'r', 5000000, 0, NULL)"
    );
    SQLite::Statement adding{db, fill_jobs};
    adding.bind(1, jobs);
    adding.exec();
    db.exec(fill_bodies);
    writing.commit();
}

std::vector<std::string> jobs_of_4(SQLite::Database& db) { return lines_of(db, read_of_4); }

std::vector<std::string> jobs_of_5(SQLite::Database& db) { return lines_of(db, read_of_5); }

}  // namespace cofila::test
