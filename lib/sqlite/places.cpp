#include "sqlite/places.hpp"

#include <algorithm>

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

namespace {

/// Only where their number is limited does the end of a job let others of its group run.
bool ends_make_room(session& tx, std::int64_t queue)
{
    store::tables& all = tx;
    return all.settings(queue).settings.group.concurrency.has_value();
}

/// Returns false if the lock is not held.
bool end_lock(session& tx, const held_lock& lock)
{
    auto& sql = tx.sql();
    std::int64_t group = 0;
    if (ends_make_room(tx, lock.queue))
        group = group_of(
            sql.query("SELECT group_number FROM cofila_active WHERE queue = ?1 AND key = ?2", lock.queue, lock.key)
        );
    const bool held =
        !lock.token.empty() && sql.exec(
                                   "DELETE FROM cofila_active WHERE queue = ?1 AND key = ?2 AND token = ?3",
                                   lock.queue,
                                   lock.key,
                                   bytes{lock.token}
                               ) != 0;
    if (held)
        tx.touch(lock.queue, group);
    return held;
}

/// Returns false, and changes nothing, unless all these locks are held and no other stands between them.
bool end_range_of_locks(session& tx, std::span<const held_lock> locks)
{
    std::vector<const held_lock*> in_order;
    for (const auto& lock : locks)
        in_order.push_back(&lock);
    std::ranges::sort(in_order, {}, &held_lock::key);
    const auto queue = locks.front().queue;
    const auto first = in_order.front()->key;
    const auto last = in_order.back()->key;
    std::vector<std::int64_t> groups;
    {
        auto row = tx.sql().query(
            "SELECT key, token, group_number FROM cofila_active WHERE queue = ?1 AND key BETWEEN ?2 AND ?3 "
            "ORDER BY key",
            queue,
            first,
            last
        );
        for (const auto* const lock : in_order) {
            const bool is_next = lock->queue == queue && row.step() && row.number(0) == lock->key;
            if (!is_next || lock->token.empty() || row.view(1) != lock->token)
                return false;
            groups.push_back(row.number(2));
        }
    }
    tx.sql().exec("DELETE FROM cofila_active WHERE queue = ?1 AND key BETWEEN ?2 AND ?3", queue, first, last);
    if (ends_make_room(tx, queue))
        for (const auto group : groups)
            tx.touch(queue, group);
    return true;
}

}  // namespace

/// Jobs that were claimed together often end together. Where no other lock stands between theirs, the tokens are
/// compared first, and one DELETE takes the whole range.
std::vector<bool> leave_active(session& tx, std::span<const held_lock> locks)
{
    std::vector<bool> held(locks.size(), true);
    if (locks.size() < 2 || !end_range_of_locks(tx, locks))
        std::transform(locks.begin(), locks.end(), held.begin(), [&](const auto& lock) { return end_lock(tx, lock); });
    return held;
}

}  // namespace cofila::sqlite
