// Queues and groups come from names that applications choose, so their rows would pile up for ever. Each sweep examines
// one piece: the next 1000 groups and, in a walk that begins once a minute at most, the next 100 queues. Where a walk
// stands is remembered in the session only; a restart begins anew. A group goes when none of its jobs waits, is delayed
// or runs; a queue goes when it has no jobs, settings, watchers or cursors. `any_forgettable` looks at the same piece
// by reading, and `pass_on` moves on without the lock of the schema where there is nothing. Piece and deletion are in
// one transaction, so nothing can be added in between. A queue that is used again gets a new row, with another number:
// every session drops the numbers it remembers when a queue was forgotten.
#include "postgres/forgetting.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "postgres/watching.hpp"

namespace cofila::postgres {

namespace {

constexpr int groups_at_once = 1000;
constexpr std::size_t queues_at_once = 100;
/// An empty queue may still be in use: forgetting it too often would cost its next add more than the row costs.
constexpr milliseconds between_walks = std::chrono::minutes{1};

#define COFILA_HAS_NO_LIVE_JOBS COFILA_NO_ROW("@live", "l.queue = g.queue AND l.group_number = g.number")
#define COFILA_DEAD_GROUPS                                                                                             \
    "FROM @groups AS g WHERE g.number > $1 AND g.number <= $2 AND g.name <> '' AND " COFILA_HAS_NO_LIVE_JOBS

// A watched queue's row stays: it keeps the number of the last event, for readers that go on when events are kept
// again.
#define COFILA_QUEUE_IS_EMPTY                                                                                          \
    "NOT q.paused AND (q.rests_until IS NULL OR q.rests_until <= $2) AND q.concurrency IS NULL "                       \
    "AND q.rate_max IS NULL AND q.group_concurrency IS NULL AND q.group_rate_max IS NULL AND NOT q.keep_order "        \
    "AND q.events IS NULL AND q.last_event = 0 AND q.minutes IS NULL AND " COFILA_HAS_NO_JOBS("q.number"               \
    ) " AND " COFILA_NO_ROW("@cursors", "l.queue = q.number")

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
        "SELECT number FROM @groups WHERE number > $1 ORDER BY number LIMIT 1 OFFSET $2",
        out.from.group,
        groups_at_once - 1
    );
    const bool more = row.step();
    out.next.group = more ? row.number(0) : 0;
    out.last_group = more ? row.number(0) : std::numeric_limits<int>::max();
}

void find_queues(session& tx, piece& out, time_point now)
{
    const bool begins = out.from.queue == 0;
    if (begins && now >= out.from.began && now < out.from.began + between_walks)
        return;
    auto row = tx.sql().query(
        "SELECT number FROM @queues WHERE number > $1 ORDER BY number LIMIT $2",
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

/// Of these queues.
std::vector<std::int64_t> empty_ones(session& tx, const std::vector<std::int64_t>& queues, time_point now)
{
    std::vector<std::int64_t> out;
    if (queues.empty())
        return out;
    auto row = tx.sql().query(
        "SELECT q.number FROM @queues AS q WHERE q.number = ANY ($1::bigint[]) AND " COFILA_QUEUE_IS_EMPTY, queues, now
    );
    while (row.step())
        out.push_back(row.number(0));
    return out;
}

void forget_row(session& tx, std::int64_t queue)
{
    auto& sql = tx.sql();
    sql.exec("DELETE FROM @claim_log WHERE queue = $1", queue);
    sql.exec("DELETE FROM @groups WHERE queue = $1", queue);
    sql.exec("DELETE FROM @queues WHERE number = $1", queue);
    tx.forget_queue(queue);
}

/// Groups that have jobs stay, as new ones.
void forget_settings(session& tx, std::int64_t queue)
{
    auto& sql = tx.sql();
    sql.exec("DELETE FROM @claim_log WHERE queue = $1", queue);
    sql.exec("UPDATE @groups SET served = 0 WHERE queue = $1", queue);
    sql.exec("DELETE FROM @groups AS g WHERE g.queue = $1 AND " COFILA_HAS_NO_LIVE_JOBS, queue);
    sql.exec(
        "UPDATE @queues SET paused = false, rests_until = NULL, concurrency = NULL, rate_max = NULL, "
        "group_concurrency = NULL, group_rate_max = NULL, keep_order = false, "
        "grouped = EXISTS (SELECT 1 FROM @groups WHERE queue = $1) WHERE number = $1",
        queue
    );
    tx.forget_settings(queue);
    tx.touch_all(queue);
}

}  // namespace

bool any_forgettable(session& tx, time_point now)
{
    const auto here = next_piece(tx, now);
    return tx.sql().query("SELECT 1 " COFILA_DEAD_GROUPS " LIMIT 1", here.from.group, here.last_group).step() ||
           !empty_ones(tx, here.queues, now).empty();
}

void forget_some(session& tx, time_point now)
{
    const auto here = next_piece(tx, now);
    tx.sql().exec("DELETE " COFILA_DEAD_GROUPS, here.from.group, here.last_group);
    for (const auto queue : empty_ones(tx, here.queues, now))
        forget_row(tx, queue);
    tx.walk() = here.next;
}

void pass_on(session& tx, time_point now) { tx.walk() = next_piece(tx, now).next; }

void forget_if_empty(session& tx, std::int64_t queue, time_point now)
{
    if (!empty_ones(tx, {queue}, now).empty())
        forget_row(tx, queue);
}

void forget_queue(session& tx, std::int64_t queue)
{
    keep_events(tx, queue, {});
    keep_minutes(tx, queue, {});
    if (tx.sql().query("SELECT 1 WHERE " COFILA_HAS_NO_JOBS("$1"), queue).step())
        forget_row(tx, queue);
    else
        forget_settings(tx, queue);
}

}  // namespace cofila::postgres
