#include <compare>
#include <utility>

#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

/// What a sweep looks for. Damaged rows must neither stop one nor be found for ever, hence the comparisons that look
/// superfluous.
namespace cofila::sqlite {

namespace {

struct due_queue {
    std::int64_t number = 0;
    time_point first{};
};

/// The next queue, by its number, that has delayed jobs, and when the first of them is due. One query for each, so that
/// queues without any cost nothing.
std::optional<due_queue> next_delayed(session& tx, std::int64_t after)
{
    auto row = tx.sql().query(
        "SELECT queue, run_at FROM cofila_delayed WHERE queue > ?1 AND typeof(queue) = 'integer' "
        "ORDER BY queue, run_at LIMIT 1",
        after
    );
    if (!row.step())
        return {};
    return due_queue{.number = row.number(0), .first = row.time(1).value_or(time_point{})};
}

std::vector<store::doomed> read_doomed(bound_statement row)
{
    std::vector<store::doomed> out;
    while (row.step())
        out.push_back({.key = row.number(0), .queue = row.number(1)});
    return out;
}

struct counted_group {
    std::int64_t queue = 0;
    std::int64_t state = 0;
    std::int64_t keep = 0;

    friend auto operator<=>(const counted_group&, const counted_group&) = default;
};

/// The next queue, state and count by which finished jobs are kept. One query for each, since SQLite would find the
/// distinct ones by reading all rows.
std::optional<counted_group> next_counted(session& tx, const counted_group& after)
{
    auto row = tx.sql().query(
        "SELECT queue, state, prune_count FROM cofila_finished WHERE (queue, state, prune_count) > (?1, ?2, ?3) "
        "AND prune_count IS NOT NULL ORDER BY queue, state, prune_count LIMIT 1",
        after.queue,
        after.state,
        after.keep
    );
    if (!row.step())
        return {};
    const counted_group next{.queue = row.number(0), .state = row.number(1), .keep = row.number(2)};
    return next > after ? std::optional{next} : std::nullopt;  // a text is greater than any number, and reads as 0
}

/// Jobs of this queue, state and count that at least `keep` jobs of their queue and state have finished after.
void add_over_count(session& tx, const counted_group& group, time_point now, int limit, std::vector<store::doomed>& out)
{
    std::optional<std::int64_t> finished_at;  // of the oldest one that is kept
    std::optional<std::int64_t> key;
    if (group.keep > 0) {
        auto row = tx.sql().query(
            "SELECT finished_at, key FROM cofila_finished WHERE queue = ?1 AND state = ?2 "
            "ORDER BY finished_at DESC, key DESC LIMIT 1 OFFSET ?3",
            group.queue,
            group.state,
            group.keep - 1
        );
        if (!row.step())
            return;
        finished_at = row.number(0);
        key = row.number(1);
    }
    auto row = tx.sql().query(
        "SELECT f.key, f.queue FROM cofila_finished AS f WHERE f.queue = ?1 AND f.state = ?2 AND f.prune_count = ?3 "
        "AND f.prune_count IS NOT NULL AND f.finished_at <= coalesce(?4, 9223372036854775807) "
        "AND (?4 IS NULL OR f.finished_at < ?4 OR f.key < ?5) "
        "AND NOT EXISTS (SELECT 1 FROM cofila_rare AS r WHERE r.job = f.key AND r.dedup_until > ?7) "
        "ORDER BY f.finished_at LIMIT ?6",
        group.queue,
        group.state,
        group.keep,
        finished_at,
        key,
        limit,
        now
    );
    while (row.step())
        out.push_back({.key = row.number(0), .queue = row.number(1)});
}

std::optional<std::int64_t> queue_of_lock(session& tx, const rescue_order& order)
{
    auto row = tx.sql().query(
        "SELECT a.queue FROM cofila_jobs AS j JOIN cofila_active AS a ON a.queue = j.queue AND a.key = j.key "
        "WHERE j.key = ?1 AND lower(hex(coalesce(a.token, ''))) = ?2 "
        "AND CAST(coalesce(a.locked_until, 0) AS INTEGER) = ?3",
        order.key,
        order.token,
        order.locked_until
    );
    return row.step() ? std::optional{row.number(0)} : std::nullopt;
}

}  // namespace

std::optional<std::int64_t> tables::next_due_queue(std::int64_t after, time_point now)
{
    for (auto next = next_delayed(tx_, after); next; next = next_delayed(tx_, next->number))
        if (next->first <= now)
            return next->number;
    return {};
}

std::vector<store::doomed> tables::over_time(time_point now, int limit)
{
    return read_doomed(sql_.query(
        "SELECT job, queue FROM cofila_rare WHERE expires_at IS NOT NULL AND expires_at <= ?1 "
        "ORDER BY expires_at, job LIMIT ?2",
        now,
        limit
    ));
}

std::vector<store::doomed> tables::over_age(time_point now, int limit)
{
    return read_doomed(sql_.query(
        "SELECT f.key, f.queue FROM cofila_finished AS f WHERE f.prune_at IS NOT NULL AND f.prune_at <= ?1 "
        "AND NOT EXISTS (SELECT 1 FROM cofila_rare AS r WHERE r.job = f.key AND r.dedup_until > ?1) "
        "ORDER BY f.prune_at LIMIT ?2",
        now,
        limit
    ));
}

std::vector<store::doomed> tables::over_count(time_point now, int limit)
{
    std::vector<store::doomed> out;
    for (auto group = next_counted(tx_, {}); group && std::cmp_less(out.size(), limit);
         group = next_counted(tx_, *group))
        add_over_count(tx_, *group, now, limit - static_cast<int>(out.size()), out);
    return out;
}

/// Compares as `locks` reads the values. A lock that does not stand where its job's row says is moved there, and one
/// without a job is removed.
std::optional<store::stalled_job> tables::find_stalled(const rescue_order& order)
{
    auto queue = queue_of_lock(tx_, order);
    if (!queue) {
        sql_.exec(
            "DELETE FROM cofila_active WHERE key = ?1 AND NOT EXISTS (SELECT 1 FROM cofila_jobs WHERE key = ?1)",
            order.key
        );
        const int moved = sql_.exec(
            "UPDATE OR REPLACE cofila_active SET queue = (SELECT queue FROM cofila_jobs WHERE key = ?1) WHERE key = ?1 "
            "AND queue IS NOT (SELECT queue FROM cofila_jobs WHERE key = ?1) "
            "AND EXISTS (SELECT 1 FROM cofila_jobs WHERE key = ?1 AND queue IS NOT NULL)",
            order.key
        );
        if (moved != 0)
            queue = queue_of_lock(tx_, order);
    }
    auto job = queue ? find_job(tx_, order.key) : std::nullopt;
    return job ? std::optional{store::stalled_job{.queue = *queue, .job = std::move(*job)}} : std::nullopt;
}

}  // namespace cofila::sqlite
