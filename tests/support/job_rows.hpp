#pragma once
#include <string>

namespace cofila::test {

/// The id of a job of cofila_jobs; `row` is what stands before its columns. One that was generated has no text there.
#define COFILA_TEST_JOB_ID(row)                                                                                        \
    "coalesce(" row "id, printf('%08x-%04x-', " row "key >> 16, " row "key & 65535) || lower(substr(hex(" row          \
    "random), 1, 4) || '-' || substr(hex(" row "random), 5, 4) || '-' || substr(hex(" row "random), 9)))"

/// A query for all jobs of a file, one row each, with everything that the tables say of a job. `state` is the number of
/// its state, null if its key is in no state's table. `id`, `token` and `worker` are texts as the library shows them,
/// empty where there is none. Data, result and options are texts, wherever they are kept. `run_at` is that of a delayed
/// job, and of a waiting one that clocks which are behind leave alone. `group_key` is null without a group.
inline constexpr const char* job_rows = "SELECT j.key, j.queue, " COFILA_TEST_JOB_ID("j.") R"sql( AS id, j.name,
    CASE WHEN a.key IS NOT NULL THEN 2 WHEN f.key IS NOT NULL THEN f.state WHEN d.key IS NOT NULL THEN 1
        WHEN w.key IS NOT NULL OR g.key IS NOT NULL THEN 0 END AS state,
    j.priority, j.position, j.created_at, iif(a.key IS NULL AND f.key IS NULL, j.run_at, NULL) AS run_at,
    iif(f.key IS NULL, coalesce(a.processed_at, j.processed_at), f.processed_at) AS processed_at, f.finished_at,
    coalesce(f.attempts_made, j.attempts_made) AS attempts_made,
    coalesce(a.attempts_started, f.attempts_started, j.attempts_started) AS attempts_started,
    coalesce(f.stalled_count, j.stalled_count) AS stalled_count, coalesce(f.deferrals, j.deferrals) AS deferrals,
    lower(hex(iif(f.key IS NULL, coalesce(a.token, j.token), f.token))) AS token,
    a.locked_until, coalesce(a.lock_duration, 0) AS lock_duration,
    coalesce((SELECT n.name FROM cofila_worker_names AS n
        WHERE n.number = iif(f.key IS NULL, coalesce(a.worker, j.worker), f.worker)), '') AS worker,
    coalesce((SELECT o.text FROM cofila_options AS o WHERE o.number = j.options), r.options) AS options,
    j.progress, coalesce(j.data, b.data) AS data, iif(f.key IS NULL, '', coalesce(f.result, b.result)) AS result,
    coalesce(f.failed_reason, j.failed_reason) AS failed_reason, r.expires_at, a.cancelled, r.dedup_id, r.dedup_until,
    r.kept_for,
    iif(a.key IS NULL AND f.key IS NULL AND d.key IS NOT NULL, j.due_at, coalesce(j.run_at, j.due_at)) AS due_at,
    f.prune_at, f.prune_count,
    coalesce((SELECT p.name FROM cofila_groups AS p
        WHERE p.number = coalesce(g.group_number, d.group_number, a.group_number)),
        iif(json_valid(r.options), json_extract(r.options, '$.group'), NULL)) AS group_key
FROM cofila_jobs AS j
LEFT JOIN cofila_active AS a ON a.queue = j.queue AND a.key = j.key
LEFT JOIN cofila_finished AS f ON f.key = j.key AND f.queue = j.queue
LEFT JOIN cofila_delayed AS d
    ON d.queue = j.queue AND d.run_at = j.run_at AND d.position = j.position AND d.key = j.key
    AND d.priority = j.priority
LEFT JOIN cofila_waiting AS w
    ON w.queue = j.queue AND w.priority = j.priority AND w.position = j.position AND w.key = j.key
LEFT JOIN cofila_waiting_grouped AS g
    ON g.queue = j.queue AND g.priority = j.priority AND g.position = j.position AND g.key = j.key
LEFT JOIN cofila_rare AS r ON r.job = j.key
LEFT JOIN cofila_bodies AS b ON b.job = j.key
)sql";

/// A query in which `jobs` is a table of these rows.
inline std::string with_jobs(const std::string& query)
{
    return std::string{"WITH jobs AS ("} + job_rows + ") " + query;
}

/// A query for the number of jobs and keys that break the rule: each job has its key in the table of one state, at the
/// place that cofila_jobs names, and each key there is that of a job.
inline std::string jobs_out_of_place()
{
    return with_jobs("SELECT (SELECT count(*) FROM jobs WHERE state IS NULL) + abs((SELECT count(*) FROM cofila_jobs) "
                     "- (SELECT count(*) FROM cofila_waiting) - (SELECT count(*) FROM cofila_waiting_grouped) "
                     "- (SELECT count(*) FROM cofila_delayed) - (SELECT count(*) FROM cofila_active) "
                     "- (SELECT count(*) FROM cofila_finished))");
}

}  // namespace cofila::test
