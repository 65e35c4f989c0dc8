#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

/// Waiting and delayed jobs.
namespace cofila::postgres {

namespace {

// A waiting job, and one that may run by now ($2).
#define COFILA_WAITS(group) "l.queue = $1 AND l.state = 0 AND l.group_number IS " group
#define COFILA_MAY_RUN(group) COFILA_WAITS(group) " AND (l.run_at IS NULL OR l.run_at <= $2)"
// Whether there is such a job. What is selected is in no index, else a plan may read the index of all keys.
#define COFILA_ANY(condition)                                                                                          \
    "(SELECT j.queue FROM @live AS l JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key WHERE " condition                \
    " LIMIT 1) IS NOT NULL"
#define COFILA_UP_TO_1000(condition)                                                                                   \
    "(SELECT count(*) FROM (SELECT 1 FROM @live AS l WHERE " condition " LIMIT 1000) AS n)"

constexpr const char* due_query = "SELECT run_at FROM @live WHERE queue = $1 AND state = 1 ORDER BY run_at LIMIT 1";
constexpr const char* best_query =
    "SELECT " COFILA_LIVE_JOB " FROM @live AS l JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key "
    "WHERE " COFILA_MAY_RUN("NULL") " ORDER BY l.priority, l.position LIMIT $3";
/// Beside other connections each passes over what another has taken.
constexpr const char* take_best =
    "SELECT " COFILA_LIVE_JOB " FROM (SELECT * FROM @live AS l WHERE " COFILA_MAY_RUN("NULL"
    ) " ORDER BY l.priority, l.position LIMIT $3 FOR UPDATE SKIP LOCKED) AS l "
      "LEFT JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key ORDER BY l.priority, l.position";

/// The values of locks, column by column.
struct lock_columns {
    std::vector<std::int64_t> keys{};
    std::vector<std::string> tokens{};
    std::vector<std::int64_t> locked_until{};
    std::vector<std::int64_t> durations{};
    std::vector<std::int64_t> processed_at{};
    std::vector<std::int64_t> started{};
    std::vector<std::string> workers{};

    void add(const job_record& job)
    {
        keys.push_back(job.key);
        tokens.push_back(job.token);
        locked_until.push_back(job.locked_until.value_or(time_point{}).time_since_epoch().count());
        durations.push_back(job.lock_duration.count());
        processed_at.push_back(job.processed_at.value_or(time_point{}).time_since_epoch().count());
        started.push_back(job.attempts_started);
        workers.push_back(job.worker);
    }
};

bool is_true(rows row) { return row.step() && row.number(0) != 0; }

std::optional<time_point> first_time(rows row) { return row.step() ? row.time(0) : std::nullopt; }

}  // namespace

/// Not where the claim would find that it may take nothing.
void tables::claim_follows(std::int64_t queue, int limit, time_point now)
{
    expected_.reset();
    const auto& known = tx_.known_settings();
    const auto found = known.find(queue);
    if (tx_.is_alone() || found == known.end())
        return;
    const auto& [settings, grouped] = found->second;
    if (!settings.paused && settings.rests_until.value_or(now) <= now && !grouped)
        expected_ = {.queue = queue, .limit = limit, .now = now};
}

/// Has the statements of an announced claim go with the next one.
void tables::ask_ahead()
{
    if (!expected_ || expected_->asked_at != 0)
        return;
    auto& claim = *expected_;
    sql_.later_for([&claim](rows all) { claim.due.emplace(std::move(all)); }, due_query, claim.queue);
    sql_.later_for(
        [&claim](rows all) { claim.best.emplace(std::move(all)); }, take_best, claim.queue, claim.now, claim.limit
    );
}

void tables::note_asked()
{
    if (expected_ && expected_->best)
        expected_->asked_at = sql_.count();
}

/// What was asked ahead, if nothing was done since; null otherwise.
tables::expected_claim* tables::answered(std::int64_t queue, time_point now)
{
    if (!expected_ || expected_->queue != queue || expected_->now != now)
        return nullptr;
    if (expected_->asked_at == 0) {
        ask_ahead();
        sql_.send();
        note_asked();
    }
    return expected_->asked_at == sql_.count() ? &*expected_ : nullptr;
}

/// Only the state changes: a job keeps the time for which it was delayed.
std::vector<job_record> tables::promote_due(std::int64_t queue, time_point now, int limit)
{
    auto* const asked = answered(queue, now);
    const auto first = asked ? first_time(std::move(*asked->due)) : first_due(queue);
    if (!first || *first > now)
        return {};
    auto row = sql_.query(
        "WITH due AS MATERIALIZED (SELECT key FROM @live WHERE queue = $1 AND state = 1 AND run_at <= $2 "
        "ORDER BY run_at, position LIMIT $3 FOR UPDATE SKIP LOCKED), "
        "moved AS (UPDATE @live AS l SET state = 0 FROM due WHERE l.key BETWEEN due.key AND due.key RETURNING l.*) "
        "SELECT l.group_number, " COFILA_LIVE_JOB_IN("1"
        ) " FROM moved AS l LEFT JOIN @jobs AS j ON j.key BETWEEN l.key AND l.key "
          "ORDER BY l.run_at, l.position",
        queue,
        now,
        limit
    );
    std::vector<job_record> due;
    while (row.step()) {
        tx_.touch(queue, row.number(0));
        if (!row.is_null(1))
            due.push_back(read_job(tx_, row, 1));
    }
    return due;
}

std::optional<time_point> tables::first_due(std::int64_t queue) { return first_time(sql_.query(due_query, queue)); }

std::optional<time_point> tables::first_early(std::int64_t queue, time_point now)
{
    return first_time(sql_.query(
        "SELECT min(run_at) FROM (SELECT l.run_at FROM @live AS l WHERE " COFILA_WAITS("NULL"
        ) " UNION ALL SELECT l.run_at FROM @live AS l WHERE " COFILA_WAITS("NOT NULL") ") AS w WHERE run_at > $2",
        queue,
        now
    ));
}

bool tables::any_waiting(std::int64_t queue, time_point now)
{
    return is_true(sql_.query(
        "SELECT " COFILA_ANY(COFILA_MAY_RUN("NULL")) " OR " COFILA_ANY(COFILA_MAY_RUN("NOT NULL")), queue, now
    ));
}

bool tables::any_waiting_or_active(std::int64_t queue)
{
    return is_true(sql_.query(
        "SELECT " COFILA_ANY(COFILA_WAITS("NULL")) " OR " COFILA_ANY(COFILA_WAITS("NOT NULL")
        ) " OR " COFILA_ANY("l.queue = $1 AND l.state = 2"),
        queue
    ));
}

std::size_t tables::count_claimable(std::int64_t queue, time_point now)
{
    auto row = sql_.query(
        "SELECT " COFILA_UP_TO_1000(COFILA_WAITS("NULL")) " + " COFILA_UP_TO_1000(COFILA_WAITS("NOT NULL")
        ) " + " COFILA_UP_TO_1000("l.queue = $1 AND l.state = 1 AND l.run_at <= $2"),
        queue,
        now
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

int tables::active_jobs(std::int64_t queue)
{
    tx_.require_store();
    auto row = sql_.query("SELECT count(*) FROM @live WHERE queue = $1 AND state = 2", queue);
    return row.step() ? static_cast<int>(row.number(0)) : 0;
}

store::best_waiting tables::best(std::int64_t queue, int limit, time_point now)
{
    auto* const asked = answered(queue, now);
    auto row = asked && asked->limit == limit ? std::move(*asked->best)
                                              : sql_.query(tx_.is_alone() ? best_query : take_best, queue, now, limit);
    expected_.reset();
    store::best_waiting out;
    out.jobs.reserve(static_cast<std::size_t>(row.count()));
    while (row.step())
        out.jobs.push_back(std::make_shared<job_record>(read_job(tx_, row)));
    return out;
}

void tables::lock(
    std::int64_t queue, std::span<const job_snapshot> jobs, std::span<const std::int64_t> groups, bool /*in_a_row*/
)
{
    lock_columns all;
    for (const auto& job : jobs)
        all.add(*job);
    sql_.later(
        "UPDATE @live AS l SET state = 2, token = c.token, locked_until = c.locked_until, "
        "lock_duration = c.lock_duration, processed_at = c.processed_at, attempts_started = c.started, "
        "worker = c.worker FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], "
        "$6::bigint[], $7::text[]) AS c (key, token, locked_until, lock_duration, processed_at, started, worker) "
        "WHERE l.key BETWEEN c.key AND c.key AND l.state + 0 = 0",
        all.keys,
        all.tokens,
        all.locked_until,
        all.durations,
        all.processed_at,
        all.started,
        all.workers
    );
    for (const auto group : groups)
        tx_.touch(queue, group);
}

}  // namespace cofila::postgres
