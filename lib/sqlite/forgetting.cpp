// Queues and groups come from names that applications choose, so their rows would pile up for ever. Each sweep examines
// one piece: the next 1000 groups and, in a walk that begins once a minute at most, the next 100 queues. Where a walk
// stands is remembered in the session only; a restart begins anew. A group goes when none of its jobs waits, is delayed
// or runs; a queue goes when it has no jobs, settings, watchers or cursors. `any_forgettable` looks at the same piece
// by reading, and `pass_on` moves on without the write lock where there is nothing. Piece and deletion are in one
// transaction, so nothing can be added in between. A queue that is used again gets a new row, perhaps with another
// number: every session drops the numbers it remembers when another connection has committed.
#include "sqlite/forgetting.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sqlite/observation.hpp"

namespace cofila::sqlite {

namespace {

constexpr int groups_at_once = 1000;
constexpr std::size_t queues_at_once = 100;
/// An empty queue may still be in use: forgetting it too often would cost its next add more than the row costs.
constexpr milliseconds between_walks = std::chrono::minutes{1};

#define COFILA_GROUP_IS_DEAD                                                                                           \
    "group_key <> '' AND NOT EXISTS (SELECT 1 FROM cofila_jobs WHERE cofila_jobs.queue = cofila_groups.queue "         \
    "AND state IN (0, 1, 2) AND cofila_jobs.group_key = cofila_groups.group_key)"
#define COFILA_GROUPS_OF_PIECE                                                                                         \
    "SELECT queue, group_key FROM cofila_groups WHERE (queue, group_key) > (?1, ?2) ORDER BY queue, group_key LIMIT "  \
    "?3"

// A watched queue's row stays: it keeps the number of the last event, for readers that go on when events are kept
// again.
#define COFILA_QUEUE_IS_EMPTY                                                                                          \
    "paused = 0 AND (rests_until IS NULL OR rests_until <= ?2) AND concurrency IS NULL AND rate_max IS NULL "          \
    "AND group_concurrency IS NULL AND group_rate_max IS NULL AND keep_order = 0 "                                     \
    "AND NOT EXISTS (SELECT 1 FROM cofila_jobs WHERE cofila_jobs.queue = cofila_queues.number) "                       \
    "AND NOT EXISTS (SELECT 1 FROM cofila_watched WHERE cofila_watched.queue = cofila_queues.number) "                 \
    "AND NOT EXISTS (SELECT 1 FROM cofila_cursors WHERE cofila_cursors.queue = cofila_queues.number)"

/// What one sweep looks at, and where the next one continues.
struct piece {
    session::walk_place from{};
    std::vector<std::int64_t> queues{};
    session::walk_place next{};
};

void find_groups(session& with, piece& out)
{
    auto row = with.sql().query(
        "SELECT queue, group_key FROM cofila_groups WHERE (queue, group_key) > (?1, ?2) ORDER BY queue, group_key "
        "LIMIT 1 OFFSET ?3",
        out.from.group_queue,
        out.from.group,
        groups_at_once - 1
    );
    const bool more = row.step();
    out.next.group_queue = more ? row.number(0) : 0;
    out.next.group = more ? row.text(1) : std::string{};
}

void find_queues(session& with, piece& out, time_point now)
{
    const bool begins = out.from.queue == 0;
    if (begins && now >= out.from.began && now < out.from.began + between_walks)
        return;
    auto row = with.sql().query(
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

piece next_piece(session& with, time_point now)
{
    piece out{.from = with.walk(), .next = with.walk()};
    find_groups(with, out);
    find_queues(with, out, now);
    return out;
}

bool is_empty(session& with, std::int64_t queue, time_point now)
{
    auto row = with.sql().query("SELECT 1 FROM cofila_queues WHERE number = ?1 AND " COFILA_QUEUE_IS_EMPTY, queue, now);
    return row.step();
}

void forget_row(session& with, std::int64_t queue)
{
    auto& sql = with.sql();
    sql.exec("DELETE FROM cofila_claim_log WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_groups WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_watched WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_queues WHERE number = ?1", queue);
    with.forget_queue(queue);
}

bool any_dead_group(session& with, const piece& in)
{
    auto row = with.sql().query(
        "SELECT 1 FROM cofila_groups WHERE (queue, group_key) IN (" COFILA_GROUPS_OF_PIECE ") AND " COFILA_GROUP_IS_DEAD
        " LIMIT 1",
        in.from.group_queue,
        in.from.group,
        groups_at_once
    );
    return row.step();
}

}  // namespace

bool any_forgettable(session& with, time_point now)
{
    const auto here = next_piece(with, now);
    return any_dead_group(with, here) ||
           std::ranges::any_of(here.queues, [&](std::int64_t queue) { return is_empty(with, queue, now); });
}

void forget_some(session& with, time_point now)
{
    const auto here = next_piece(with, now);
    with.sql().exec(
        "DELETE FROM cofila_groups WHERE (queue, group_key) IN (" COFILA_GROUPS_OF_PIECE ") AND " COFILA_GROUP_IS_DEAD,
        here.from.group_queue,
        here.from.group,
        groups_at_once
    );
    for (const auto queue : here.queues)
        forget_if_empty(with, queue, now);
    with.walk() = here.next;
}

void pass_on(session& with, time_point now) { with.walk() = next_piece(with, now).next; }

void forget_if_empty(session& with, std::int64_t queue, time_point now)
{
    if (is_empty(with, queue, now))
        forget_row(with, queue);
}

void forget_queue(session& with, std::int64_t queue)
{
    keep_events(with, queue, {});
    keep_minutes(with, queue, {});
    auto& sql = with.sql();
    if (!sql.query("SELECT 1 FROM cofila_jobs WHERE queue = ?1 LIMIT 1", queue).step())
        return forget_row(with, queue);
    sql.exec("DELETE FROM cofila_claim_log WHERE queue = ?1", queue);
    sql.exec("DELETE FROM cofila_groups WHERE queue = ?1", queue);
    sql.exec(
        "UPDATE cofila_queues SET paused = 0, rests_until = NULL, concurrency = NULL, rate_max = NULL, "
        "group_concurrency = NULL, group_rate_max = NULL, keep_order = 0, grouped = EXISTS (SELECT 1 FROM cofila_jobs "
        "WHERE queue = ?1 AND group_key IS NOT NULL) WHERE number = ?1",
        queue
    );
}

}  // namespace cofila::sqlite
