// Queues and groups come from names that applications choose, so their rows would pile up for ever. Each sweep examines
// one piece: the next 1000 groups and, in a walk that begins once a minute at most, the next 100 queues. Where a walk
// stands is remembered in the session only; a restart begins anew. A group goes when none of its jobs waits, is delayed
// or runs; a queue goes when it has no jobs, settings, watchers or cursors. `any_forgettable` looks at the same piece
// by reading, and `pass_on` moves on without the write lock where there is nothing. Piece and deletion are in one
// transaction, so nothing can be added in between. A queue that is used again gets a new row, perhaps with another
// number: every session drops the numbers it remembers when another connection has committed.
#include "sqlite/forgetting.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "sqlite/watching.hpp"

namespace cofila::sqlite {

namespace {

constexpr int groups_at_once = 1000;
constexpr std::size_t queues_at_once = 100;
/// An empty queue may still be in use: forgetting it too often would cost its next add more than the row costs.
constexpr milliseconds between_walks = std::chrono::minutes{1};

#define COFILA_DEAD_GROUPS                                                                                             \
    "FROM cofila_groups AS g WHERE g.number > ?1 AND g.number <= ?2 AND g.name <> '' "                                 \
    "AND NOT EXISTS (SELECT 1 FROM cofila_waiting_grouped AS w WHERE w.queue = g.queue "                               \
    "AND w.group_number = g.number) "                                                                                  \
    "AND NOT EXISTS (SELECT 1 FROM cofila_delayed AS d WHERE d.queue = g.queue AND d.group_number = g.number) "        \
    "AND NOT EXISTS (SELECT 1 FROM cofila_active AS a WHERE a.queue = g.queue AND a.group_number = g.number)"

// A watched queue's row stays: it keeps the number of the last event, for readers that go on when events are kept
// again.
#define COFILA_EMPTY_QUEUE                                                                                             \
    "SELECT 1 FROM cofila_queues AS q WHERE number = ?1 "                                                              \
    "AND paused = 0 AND (rests_until IS NULL OR rests_until <= ?2) AND concurrency IS NULL AND rate_max IS NULL "      \
    "AND group_concurrency IS NULL AND group_rate_max IS NULL AND keep_order = 0 AND NOT " COFILA_HAS_JOBS             \
    "AND NOT EXISTS (SELECT 1 FROM cofila_watched AS w WHERE w.queue = q.number) "                                     \
    "AND NOT EXISTS (SELECT 1 FROM cofila_cursors AS c WHERE c.queue = q.number)"

/// What one sweep looks at, and where the next one continues.
struct piece {
    session::walk_place from{};
    std::int64_t last_group = 0;
    std::vector<std::int64_t> queues{};
    session::walk_place next{};
};

void find_groups(session& tx, piece& out)
{
    auto row = tx.sql().query(
        "SELECT number FROM cofila_groups WHERE number > ?1 ORDER BY number LIMIT 1 OFFSET ?2",
        out.from.group,
        groups_at_once - 1
    );
    const bool more = row.step();
    out.next.group = more ? row.number(0) : 0;
    out.last_group = more ? row.number(0) : std::numeric_limits<std::int64_t>::max();
}

void find_queues(session& tx, piece& out, time_point now)
{
    const bool begins = out.from.queue == 0;
    if (begins && now >= out.from.began && now < out.from.began + between_walks)
        return;
    auto row = tx.sql().query(
        "SELECT number FROM cofila_queues WHERE number > ?1 ORDER BY number LIMIT ?2",
        out.from.queue,
        static_cast<int>(queues_at_once)
    );
    while (row.step())
        out.queues.push_back(row.number(0));
    if (begins)
        out.next.began = now;
    out.next.queue = out.queues.size() < queues_at_once ? 0 : out.queues.back();
}

piece next_piece(session& tx, time_point now)
{
    piece out{.from = tx.walk(), .next = tx.walk()};
    find_groups(tx, out);
    find_queues(tx, out, now);
    return out;
}

bool is_empty(session& tx, std::int64_t queue, time_point now)
{
    return tx.sql().query(COFILA_EMPTY_QUEUE, queue, now).step();
}

void forget_row(session& tx, std::int64_t queue)
{
    auto& sql = tx.sql();
    sql.exec("DELETE FROM cofila_claim_log WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_groups WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_watched WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_cursors WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_queues WHERE number = ?1", queue);
    tx.forget_queue(queue);
}

std::vector<std::int64_t> dead_groups(session& tx, const piece& in)
{
    std::vector<std::int64_t> out;
    auto row = tx.sql().query("SELECT g.number " COFILA_DEAD_GROUPS, in.from.group, in.last_group);
    while (row.step())
        out.push_back(row.number(0));
    return out;
}

bool any_dead_group(session& tx, const piece& in)
{
    return tx.sql().query("SELECT 1 " COFILA_DEAD_GROUPS " LIMIT 1", in.from.group, in.last_group).step();
}

/// Worker names are kept for the jobs that show them: those beyond the newest 10,000 go, but for workers that are
/// registered or hold a lock.
void forget_worker_names(session& tx)
{
    tx.sql().exec(
        "DELETE FROM cofila_worker_names WHERE number <= (SELECT max(number) FROM cofila_worker_names) - 10000 "
        "AND name NOT IN (SELECT id FROM cofila_workers) "
        "AND number NOT IN (SELECT worker FROM cofila_active WHERE worker IS NOT NULL)"
    );
}

/// Groups that have jobs stay, as new ones.
void forget_settings(session& tx, std::int64_t queue)
{
    auto& sql = tx.sql();
    sql.exec("DELETE FROM cofila_claim_log WHERE queue = ?1", queue);
    sql.exec("UPDATE cofila_groups SET served = 0 WHERE queue = ?1", queue);
    sql.exec(
        "DELETE FROM cofila_groups AS g WHERE g.queue = ?1 "
        "AND NOT EXISTS (SELECT 1 FROM cofila_waiting_grouped AS w WHERE w.queue = ?1 AND w.group_number = g.number) "
        "AND NOT EXISTS (SELECT 1 FROM cofila_delayed AS d WHERE d.queue = ?1 AND d.group_number = g.number) "
        "AND NOT EXISTS (SELECT 1 FROM cofila_active AS a WHERE a.queue = ?1 AND a.group_number = g.number)",
        queue
    );
    sql.exec(
        "UPDATE cofila_queues SET paused = 0, rests_until = NULL, concurrency = NULL, rate_max = NULL, "
        "group_concurrency = NULL, group_rate_max = NULL, keep_order = 0, "
        "grouped = EXISTS (SELECT 1 FROM cofila_groups WHERE queue = ?1) WHERE number = ?1",
        queue
    );
    tx.forget_names();
    tx.touch_all(queue);
}

}  // namespace

bool any_forgettable(session& tx, time_point now)
{
    const auto here = next_piece(tx, now);
    return any_dead_group(tx, here) ||
           std::ranges::any_of(here.queues, [&](std::int64_t queue) { return is_empty(tx, queue, now); });
}

void forget_some(session& tx, time_point now)
{
    const auto here = next_piece(tx, now);
    for (const auto group : dead_groups(tx, here))
        tx.sql().exec("DELETE FROM cofila_groups WHERE number = ?1", group);
    if (here.from.queue == 0 && !here.queues.empty()) {
        forget_worker_names(tx);
        tx.forget_names();
    }
    for (const auto queue : here.queues)
        forget_if_empty(tx, queue, now);
    tx.walk() = here.next;
}

void pass_on(session& tx, time_point now) { tx.walk() = next_piece(tx, now).next; }

void forget_if_empty(session& tx, std::int64_t queue, time_point now)
{
    if (is_empty(tx, queue, now))
        forget_row(tx, queue);
}

void forget_queue(session& tx, std::int64_t queue)
{
    keep_events(tx, queue, {});
    keep_minutes(tx, queue, {});
    auto& sql = tx.sql();
    if (sql.query("SELECT 1 FROM cofila_queues AS q WHERE number = ?1 AND " COFILA_HAS_JOBS, queue).step())
        return forget_settings(tx, queue);
    forget_row(tx, queue);
}

}  // namespace cofila::sqlite
