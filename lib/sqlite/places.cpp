#include "sqlite/places.hpp"

namespace cofila::sqlite {

namespace {

void read_attempt(bound_statement row, stored_place& at)
{
    if (!row.step())
        return;
    at.processed_at = row.time(0);
    at.attempts_started = row.number(1);
    at.worker = row.is_null(2) ? std::nullopt : std::optional{row.number(2)};
    at.token = row.text(3);
    at.group = row.number(4);
}

std::int64_t group_of(bound_statement row) { return row.step() ? row.number(0) : 0; }

}  // namespace

stored_place place_of(session& tx, std::int64_t key, job_state state)
{
    stored_place at;
    auto& sql = tx.sql();
    {
        auto row = sql.query("SELECT queue, priority, position, run_at, rare FROM cofila_jobs WHERE key = ?1", key);
        if (!row.step())
            return at;
        at.queue = row.number(0);
        at.priority = row.number(1);
        at.position = row.number(2);
        at.run_at = row.time(3);
        at.rare = row.number(4) != 0;
    }
    if (state == job_state::active)
        read_attempt(
            sql.query(
                "SELECT processed_at, attempts_started, worker, token, group_number FROM cofila_active "
                "WHERE queue = ?1 AND key = ?2",
                at.queue,
                key
            ),
            at
        );
    else if (is_finished(state))
        read_attempt(
            sql.query(
                "SELECT processed_at, attempts_started, worker, token, 0 FROM cofila_finished WHERE key = ?1", key
            ),
            at
        );
    else
        read_attempt(
            sql.query("SELECT processed_at, attempts_started, worker, token, 0 FROM cofila_jobs WHERE key = ?1", key),
            at
        );
    if (state == job_state::delayed)
        at.group = group_of(sql.query(
            "SELECT group_number FROM cofila_delayed WHERE queue = ?1 AND run_at = ?2 AND position = ?3 AND key = ?4",
            at.queue,
            at.run_at,
            at.position,
            key
        ));
    if (state == job_state::waiting && tx.is_grouped(at.queue))
        at.group = group_of(sql.query(
            "SELECT group_number FROM cofila_waiting_grouped WHERE queue = ?1 AND priority = ?2 AND position = ?3 "
            "AND key = ?4",
            at.queue,
            at.priority,
            at.position,
            key
        ));
    return at;
}

std::int64_t group_of_active(session& tx, std::int64_t queue, std::int64_t key)
{
    return group_of(tx.sql().query("SELECT group_number FROM cofila_active WHERE queue = ?1 AND key = ?2", queue, key));
}

namespace {

/// For a key that does not stand where its job's row says.
void leave_wherever(session& tx, std::int64_t key, std::int64_t queue)
{
    auto& sql = tx.sql();
    tx.touch_all(queue);
    sql.exec("DELETE FROM cofila_waiting WHERE key = ?1", key);
    sql.exec("DELETE FROM cofila_waiting_grouped WHERE key = ?1", key);
    sql.exec("DELETE FROM cofila_delayed WHERE key = ?1", key);
    sql.exec("DELETE FROM cofila_active WHERE key = ?1", key);
    sql.exec("DELETE FROM cofila_finished WHERE key = ?1", key);
}

/// Returns how many rows were deleted.
int leave_place(session& tx, std::int64_t key, job_state state, const stored_place& at)
{
    auto& sql = tx.sql();
    if (state == job_state::active)
        return sql.exec("DELETE FROM cofila_active WHERE queue = ?1 AND key = ?2", at.queue, key);
    if (is_finished(state))
        return sql.exec("DELETE FROM cofila_finished WHERE key = ?1", key);
    if (state == job_state::delayed)
        return sql.exec(
            "DELETE FROM cofila_delayed WHERE queue = ?1 AND run_at = ?2 AND position = ?3 AND key = ?4",
            at.queue,
            at.run_at,
            at.position,
            key
        );
    if (at.group == 0)
        return sql.exec(
            "DELETE FROM cofila_waiting WHERE queue = ?1 AND priority = ?2 AND position = ?3 AND key = ?4",
            at.queue,
            at.priority,
            at.position,
            key
        );
    return sql.exec(
        "DELETE FROM cofila_waiting_grouped WHERE queue = ?1 AND group_number = ?5 AND priority = ?2 "
        "AND position = ?3 AND key = ?4",
        at.queue,
        at.priority,
        at.position,
        key,
        at.group
    );
}

}  // namespace

void leave(session& tx, std::int64_t key, job_state state, const stored_place& at)
{
    tx.touch(at.queue, at.group);
    if (leave_place(tx, key, state, at) == 0)
        leave_wherever(tx, key, at.queue);
}

void put(session& tx, std::int64_t key, job_state to, const stored_place& at, std::optional<job_state> was)
{
    auto& sql = tx.sql();
    const auto before = was ? std::optional{static_cast<int>(*was)} : std::nullopt;
    tx.touch(at.queue, at.group);
    if (to == job_state::delayed)
        sql.exec(
            "INSERT INTO cofila_delayed (queue, run_at, position, key, priority, group_number, started, was) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            at.queue,
            at.run_at,
            at.position,
            key,
            at.priority,
            at.group != 0 ? std::optional{at.group} : std::nullopt,
            int{at.attempts_started > 0},
            before
        );
    else if (at.group == 0)
        sql.exec(
            "INSERT INTO cofila_waiting (queue, priority, position, key, was) VALUES (?1, ?2, ?3, ?4, ?5)",
            at.queue,
            at.priority,
            at.position,
            key,
            before
        );
    else
        sql.exec(
            "INSERT INTO cofila_waiting_grouped (queue, group_number, priority, position, key, was) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            at.queue,
            at.group,
            at.priority,
            at.position,
            key,
            before
        );
}

}  // namespace cofila::sqlite
