// A move takes the key of a job out of the table of one state and puts it into that of another. cofila_jobs is written
// only for a job that waits again or is changed by hand: it then keeps what its attempts have left. A completion writes
// no row but its own: a DELETE that carries the fence, and an INSERT of many rows.
#include <string>
#include <utility>
#include <vector>

#include "domain/generated_id.hpp"
#include "sqlite/many_rows.hpp"
#include "sqlite/places.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

namespace cofila::sqlite {

namespace {

constexpr many_rows insert_finished COFILA_MANY_ROWS(
    "INSERT OR FAIL INTO cofila_finished (key, queue, state, finished_at, was, processed_at, attempts_made, "
    "attempts_started, "
    "stalled_count, deferrals, worker, token, prune_at, prune_count, failed_reason, result) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ""
);

/// A row of cofila_finished. What it refers to must outlive it.
struct finished_row {
    std::int64_t key = 0;
    std::int64_t queue = 0;
    job_state was = job_state::active;
    std::optional<time_point> processed_at{};
    std::int64_t attempts_started = 0;
    std::optional<std::int64_t> worker{};
    std::string token{};
    const transition* change = nullptr;

    finished_row(std::int64_t job, const stored_place& at, job_state from, const transition& end)
        : key{job},
          queue{at.queue},
          was{from},
          processed_at{at.processed_at},
          attempts_started{at.attempts_started},
          worker{at.worker},
          token{at.token},
          change{&end}
    {}
    finished_row(session& tx, const store::finished_attempt& end)
        : key{end.held.key},
          queue{end.held.queue},
          processed_at{end.change.processed_at},
          attempts_started{end.change.attempts_started},
          token{domain::from_hex(end.held.token)},
          change{&end.change}
    {
        if (!end.change.worker.empty())
            worker = tx.worker_number(end.change.worker);
    }
};

void bind(bound_statement& statement, const finished_row& row)
{
    const auto& change = *row.change;
    statement.bind(
        row.key,
        row.queue,
        static_cast<int>(change.to),
        change.finished_at,
        static_cast<int>(row.was),
        row.processed_at,
        change.attempts_made,
        row.attempts_started,
        change.stalled_count,
        change.deferrals,
        row.worker,
        bytes{row.token},
        change.prune_at,
        change.prune_count,
        change.failed_reason,
        inline_text(change.result)
    );
}

void insert_finished_rows(session& tx, std::span<const finished_row> rows)
{
    while (!rows.empty()) {
        const auto some = next_rows(rows);
        auto statement = tx.sql().query(insert_finished[some.size()]);
        for (const auto& row : some)
            bind(statement, row);
        statement.run();
        rows = rows.subspan(some.size());
    }
}

/// Keeps a long result apart.
void insert_result(session& tx, std::int64_t key, const std::string& result)
{
    if (!inline_text(result))
        tx.sql().exec(
            "INSERT INTO cofila_bodies (job, result) VALUES (?1, ?2) ON CONFLICT (job) DO UPDATE SET result = "
            "excluded.result",
            key,
            result
        );
}

void finish_one(session& tx, std::int64_t key, const stored_place& at, job_state was, const transition& change)
{
    const finished_row row{key, at, was, change};
    insert_finished_rows(tx, {&row, 1});
    insert_result(tx, key, change.result);
    if (was == job_state::delayed)  // its date does not count as the time at which it was let run
        tx.sql().exec("UPDATE cofila_jobs SET run_at = NULL WHERE key = ?1", key);
}

/// Writes what a job that waits again, or later, has to keep. `at` becomes its new place.
void keep(session& tx, std::int64_t key, job_state was, stored_place& at, const transition& change)
{
    if (change.priority)
        at.priority = *change.priority;
    at.run_at = change.run_at;
    tx.sql().exec(
        "UPDATE cofila_jobs SET priority = ?2, position = ?3, "
        "due_at = coalesce(?5, iif(?6, due_at, coalesce(run_at, due_at))), run_at = ?4, attempts_made = ?7, "
        "stalled_count = ?8, deferrals = ?9, failed_reason = ?10, processed_at = ?11, attempts_started = ?12, "
        "worker = ?13, token = ?14 WHERE key = ?1",
        key,
        at.priority,
        at.position,
        change.run_at,
        change.due_at,
        int{was == job_state::delayed},
        change.attempts_made,
        change.stalled_count,
        change.deferrals,
        change.failed_reason,
        at.processed_at,
        at.attempts_started,
        at.worker,
        bytes{at.token}
    );
}

/// Changes the place of a job that stays in its state. An UPDATE, so that the event log sees no arrival.
void shift(session& tx, std::int64_t key, job_state state, const stored_place& from, const stored_place& to)
{
    auto& sql = tx.sql();
    tx.touch(from.queue, from.group);
    if (state == job_state::delayed)
        sql.exec(
            "UPDATE cofila_delayed SET run_at = ?5, position = ?6, priority = ?7 WHERE queue = ?1 AND run_at = ?2 "
            "AND position = ?3 AND key = ?4",
            from.queue,
            from.run_at,
            from.position,
            key,
            to.run_at,
            to.position,
            to.priority
        );
    else if (from.group == 0)
        sql.exec(
            "UPDATE cofila_waiting SET priority = ?5, position = ?6 WHERE queue = ?1 AND priority = ?2 "
            "AND position = ?3 AND key = ?4",
            from.queue,
            from.priority,
            from.position,
            key,
            to.priority,
            to.position
        );
    else
        sql.exec(
            "UPDATE cofila_waiting_grouped SET priority = ?5, position = ?6 WHERE queue = ?1 AND group_number = ?7 "
            "AND priority = ?2 AND position = ?3 AND key = ?4",
            from.queue,
            from.priority,
            from.position,
            key,
            to.priority,
            to.position,
            from.group
        );
}

/// Carries a change out on a job that stands at `at`.
void carry_out(
    session& tx,
    std::int64_t key,
    job_state was,
    stored_place at,
    const transition& change,
    std::optional<std::int64_t> position
)
{
    const auto before = at;
    if (is_finished(change.to)) {
        leave(tx, key, was, before);
        return finish_one(tx, key, at, was, change);
    }
    at.position = position.value_or(at.position);
    auto stored = change;
    if (change.priority && was == job_state::waiting)  // another process's clock may still keep it
        stored.run_at = before.run_at;
    keep(tx, key, was, at, stored);
    if (was == change.to)
        return shift(tx, key, was, before, at);
    leave(tx, key, was, before);
    put(tx, key, change.to, at, was);
}

}  // namespace

void tables::move(const job_record& job, const transition& change, std::optional<std::int64_t> position)
{
    auto at = place_of(tx_, job.key, job.state);
    if (is_finished(job.state)) {
        if (job.options->group)
            at.group = tx_.group_number(at.queue, *job.options->group);
        if (!is_finished(change.to))
            sql_.exec("UPDATE cofila_bodies SET result = NULL WHERE job = ?1", job.key);
    }
    carry_out(tx_, job.key, job.state, std::move(at), change, position);
}

void tables::take_away(const job_record& job, const transition& change, std::optional<std::int64_t> position)
{
    auto at = place_of(tx_, job.key, job_state::active);
    at.token.clear();
    carry_out(tx_, job.key, job_state::active, std::move(at), change, position);
}

std::vector<bool> tables::finish(std::span<const store::finished_attempt> ends)
{
    std::vector<finished_row> rows;
    rows.reserve(ends.size());
    for (const auto& end : ends)
        rows.emplace_back(tx_, end);
    std::vector<held_lock> locks;
    locks.reserve(rows.size());
    for (const auto& row : rows)
        locks.push_back({.queue = row.queue, .key = row.key, .token = row.token});
    auto done = leave_active(tx_, locks);
    auto left = done.begin();
    std::erase_if(rows, [&](const auto&) { return !*left++; });
    insert_finished_rows(tx_, rows);
    for (const auto& row : rows)
        insert_result(tx_, row.key, row.change->result);
    return done;
}

bool tables::end_attempt(const store::lock_of_job& held, const transition& change, std::optional<std::int64_t> position)
{
    if (is_finished(change.to)) {
        const store::finished_attempt end{.held = held, .change = change};
        return finish({&end, 1}).front();
    }
    const auto token = domain::from_hex(held.token);
    if (token.empty() || !sql_.query(
                                  "SELECT 1 FROM cofila_active WHERE queue = ?1 AND key = ?2 AND token = ?3 "
                                  "AND cancelled IS NULL",
                                  held.queue,
                                  held.key,
                                  bytes{token}
                         )
                              .step())
        return false;
    carry_out(tx_, held.key, job_state::active, place_of(tx_, held.key, job_state::active), change, position);
    return true;
}

void tables::ask_to_end(const job_record& job, const std::string& why)
{
    sql_.exec(
        "UPDATE cofila_active SET cancelled = ?2 WHERE queue = (SELECT queue FROM cofila_jobs WHERE key = ?1) "
        "AND key = ?1",
        job.key,
        why
    );
}

}  // namespace cofila::sqlite
