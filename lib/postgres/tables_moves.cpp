// A move of a live job changes its row; what earlier attempts have left in it stays. The end of a job takes its row out
// of `live` and puts one into `finished`, for a set of jobs in one statement, which carries the fence. "state + 0": a
// partial index of a state must not be chosen for a job that is named by its key, since its size changes within
// milliseconds and no statistics can follow.
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

namespace cofila::postgres {

namespace {

#define COFILA_TIME_OF_LAST_DELAY "CASE WHEN l.state = 1 THEN l.due_at ELSE coalesce(l.run_at, l.due_at) END"

// Another process's clock may still keep a waiting job whose priority is changed.
#define COFILA_MOVE(token, condition)                                                                                  \
    "UPDATE @live AS l SET state = $2, priority = coalesce($3, l.priority), position = coalesce($4, l.position), "     \
    "run_at = CASE WHEN $3::int IS NOT NULL AND l.state = 0 THEN l.run_at ELSE $5::bigint END, "                       \
    "due_at = coalesce($6, " COFILA_TIME_OF_LAST_DELAY "), attempts_made = $7, stalled_count = $8, deferrals = $9, "   \
    "failed_reason = $10, locked_until = NULL, lock_duration = NULL, cancelled = NULL, token = " token                 \
    " WHERE l.key = $1 AND " condition " RETURNING l.queue, l.group_number"

constexpr const char* move_live = COFILA_MOVE("l.token", "l.state + 0 <> 2");
constexpr const char* move_active = COFILA_MOVE("NULL", "l.state + 0 = 2");
constexpr const char* move_held =
    COFILA_MOVE("l.token", "l.queue = $11 AND l.token = $12 AND l.state + 0 = 2 AND l.cancelled IS NULL");

constexpr const char* move_back =
    "WITH gone AS (DELETE FROM @finished WHERE key = $1 RETURNING *) "
    "INSERT INTO @live (key, queue, state, was, priority, position, run_at, due_at, processed_at, expires_at, "
    "dedup_id, dedup_until, group_number, attempts_made, attempts_started, stalled_count, deferrals, token, worker, "
    "progress, failed_reason) SELECT key, queue, $2::int, state, coalesce($3, priority), coalesce($4::bigint, 0), "
    "$5::bigint, coalesce($6, due_at), processed_at, expires_at, dedup_id, dedup_until, $11::int, $7::int, "
    "attempts_started, $8::int, $9::int, token, worker, progress, $10 FROM gone RETURNING queue, group_number";

// $13: the tokens are forgotten.
constexpr const char* finish_all =
    "WITH ended AS MATERIALIZED (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], "
    "$5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[]) "
    "WITH ORDINALITY AS e (key, queue, token, state, finished_at, attempts_made, stalled_count, deferrals, prune_at, "
    "prune_count, failed_reason, result, place)), "
    "gone AS (DELETE FROM @live AS l USING ended AS e WHERE l.key BETWEEN e.key AND e.key AND (e.token IS NULL "
    "OR (l.token = e.token AND l.queue = e.queue AND l.state = 2)) RETURNING e.*, l.queue AS in_queue, l.state AS was, "
    "l.priority, " COFILA_TIME_OF_LAST_DELAY
    " AS due_at, l.processed_at, l.expires_at, l.dedup_id, l.dedup_until, l.group_number, l.attempts_started, "
    "CASE WHEN NOT $13 THEN l.token END AS last_token, l.worker, l.progress), "
    "kept AS (INSERT INTO @finished (key, queue, state, was, finished_at, priority, due_at, processed_at, expires_at, "
    "prune_at, prune_count, dedup_id, dedup_until, attempts_made, attempts_started, stalled_count, deferrals, token, "
    "worker, progress, failed_reason, result) SELECT key, in_queue, state, was, finished_at, priority, due_at, "
    "processed_at, expires_at, prune_at, prune_count, dedup_id, dedup_until, attempts_made, attempts_started, "
    "stalled_count, deferrals, last_token, worker, progress, failed_reason, result FROM gone ORDER BY place) "
    "SELECT place, in_queue, group_number, was FROM gone";

/// The ends of jobs, column by column.
struct end_columns {
    std::vector<std::int64_t> keys{};
    std::vector<std::int64_t> queues{};
    std::vector<std::optional<std::string>> tokens{};  ///< Unset: whatever holds the job.
    std::vector<std::int64_t> states{};
    std::vector<std::int64_t> finished{};
    std::vector<std::int64_t> attempts{};
    std::vector<std::int64_t> stalls{};
    std::vector<std::int64_t> deferrals{};
    std::vector<std::optional<std::int64_t>> prune_at{};
    std::vector<std::optional<std::int64_t>> prune_count{};
    std::vector<std::string> reasons{};
    std::vector<std::string> results{};

    void add(std::int64_t key, std::int64_t queue, std::optional<std::string> token, const transition& change)
    {
        const auto count = [](time_point at) { return std::int64_t{at.time_since_epoch().count()}; };
        keys.push_back(key);
        queues.push_back(queue);
        tokens.push_back(std::move(token));
        states.push_back(static_cast<int>(change.to));
        finished.push_back(count(change.finished_at.value_or(time_point{})));
        attempts.push_back(change.attempts_made);
        stalls.push_back(change.stalled_count);
        deferrals.push_back(change.deferrals);
        prune_at.push_back(change.prune_at ? std::optional{count(*change.prune_at)} : std::nullopt);
        prune_count.push_back(change.prune_count);
        reasons.push_back(change.failed_reason);
        results.push_back(change.result);
    }
};

bool is_limited(session& tx, std::int64_t queue)
{
    return static_cast<store::tables&>(tx).settings(queue).settings.group.concurrency.has_value();
}

/// Returns for each whether it has ended. `ask_more` may put off further statements, which are sent together with this.
std::vector<bool> finish_rows(
    session& tx, const end_columns& ends, bool forgets_tokens, const std::function<void()>& ask_more = [] {}
)
{
    std::optional<rows> got;
    tx.sql().later_for(
        [&got](rows all) { got.emplace(std::move(all)); },
        finish_all,
        ends.keys,
        ends.queues,
        ends.tokens,
        ends.states,
        ends.finished,
        ends.attempts,
        ends.stalls,
        ends.deferrals,
        ends.prune_at,
        ends.prune_count,
        ends.reasons,
        ends.results,
        forgets_tokens
    );
    ask_more();
    tx.sql().send();
    auto& row = got.value();
    std::vector<bool> done(ends.keys.size(), false);
    while (row.step()) {
        done[static_cast<std::size_t>(row.number(0) - 1)] = true;
        // Only where their number is limited does the end of an active job let others of its group run.
        const bool was_active = static_cast<job_state>(row.number(3)) == job_state::active;
        if (row.number(2) != 0 && (!was_active || is_limited(tx, row.number(1))))
            tx.touch(row.number(1), row.number(2));
    }
    return done;
}

void finish_one(session& tx, std::int64_t key, const transition& change, bool forgets_token)
{
    end_columns one;
    one.add(key, 0, {}, change);
    finish_rows(tx, one, forgets_token);
}

/// Runs one of the texts above. `more`: its further parameters. Returns whether the job has moved.
template <class... Values>
bool move_row(
    session& tx,
    const char* sql,
    std::int64_t key,
    const transition& change,
    std::optional<std::int64_t> position,
    const Values&... more
)
{
    auto row = tx.sql().query(
        sql,
        key,
        static_cast<int>(change.to),
        change.priority,
        position,
        change.run_at,
        change.due_at,
        change.attempts_made,
        change.stalled_count,
        change.deferrals,
        change.failed_reason,
        more...
    );
    const bool moved = row.step();
    if (moved)
        tx.touch(row.number(0), row.number(1));
    return moved;
}

}  // namespace

void tables::move(const job_record& job, const transition& change, std::optional<std::int64_t> position)
{
    tx_.require_store();
    if (is_finished(change.to))
        return finish_one(tx_, job.key, change, false);
    if (!is_finished(job.state)) {
        move_row(tx_, move_live, job.key, change, position);
        return;
    }
    const auto& group = job.options->group;
    const auto queue = group ? tx_.find_queue(job.queue) : std::nullopt;
    const auto number = queue ? std::optional{tx_.group_number(*queue, *group)} : std::nullopt;
    move_row(tx_, move_back, job.key, change, position, number);
}

void tables::take_away(const job_record& job, const transition& change, std::optional<std::int64_t> position)
{
    tx_.require_store();
    if (is_finished(change.to))
        finish_one(tx_, job.key, change, true);
    else
        move_row(tx_, move_active, job.key, change, position);
}

std::vector<bool> tables::finish(std::span<const store::finished_attempt> ends)
{
    end_columns all;
    for (const auto& [held, change] : ends)
        all.add(held.key, held.queue, held.token, change);
    auto out = finish_rows(tx_, all, false, [this] { ask_ahead(); });
    note_asked();
    return out;
}

bool tables::end_attempt(const store::lock_of_job& held, const transition& change, std::optional<std::int64_t> position)
{
    if (!is_finished(change.to))
        return move_row(tx_, move_held, held.key, change, position, held.queue, held.token);
    const store::finished_attempt end{.held = held, .change = change};
    return finish({&end, 1}).front();
}

void tables::ask_to_end(const job_record& job, const std::string& why)
{
    sql_.exec("UPDATE @live SET cancelled = $2 WHERE key = $1 AND state + 0 = 2", job.key, why);
}

}  // namespace cofila::postgres
