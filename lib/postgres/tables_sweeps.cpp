#include <utility>

#include "postgres/rows.hpp"
#include "postgres/tables.hpp"

/// What a sweep looks for.
namespace cofila::postgres {

namespace {

std::vector<store::doomed> read_doomed(rows row)
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
};

/// The next queue, state and count by which finished jobs are kept. One query for each, since the distinct ones would
/// be found by reading all rows.
std::optional<counted_group> next_counted(session& tx, const counted_group& after)
{
    auto row = tx.sql().query(
        "SELECT queue, state, prune_count FROM @finished WHERE (queue, state, prune_count) > "
        "($1::bigint, $2::bigint, $3) AND prune_count IS NOT NULL ORDER BY queue, state, prune_count LIMIT 1",
        after.queue,
        after.state,
        after.keep
    );
    if (!row.step())
        return {};
    return counted_group{.queue = row.number(0), .state = row.number(1), .keep = row.number(2)};
}

/// Jobs of this queue, state and count that at least `keep` jobs of their queue and state have finished after.
void add_over_count(session& tx, const counted_group& group, time_point now, int limit, std::vector<store::doomed>& out)
{
    std::optional<std::int64_t> finished_at;  // of the oldest one that is kept
    std::optional<std::int64_t> key;
    if (group.keep > 0) {
        auto row = tx.sql().query(
            "SELECT finished_at, key FROM @finished WHERE queue = $1 AND state = $2::bigint "
            "ORDER BY finished_at DESC, key DESC LIMIT 1 OFFSET $3",
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
        "SELECT key, queue FROM @finished WHERE queue = $1 AND state = $2::bigint AND prune_count = $3 "
        "AND finished_at <= coalesce($4, 9223372036854775807) "
        "AND ($4 IS NULL OR finished_at < $4 OR key < $5) AND (dedup_until IS NULL OR dedup_until <= $7) "
        "ORDER BY finished_at LIMIT $6",
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

}  // namespace

/// One query for each queue that has delayed jobs, so that queues without any cost nothing.
std::optional<std::int64_t> tables::next_due_queue(std::int64_t after, time_point now)
{
    while (true) {
        auto row = sql_.query(
            "SELECT queue, run_at FROM @live WHERE queue > $1 AND state = 1 ORDER BY queue, run_at LIMIT 1", after
        );
        if (!row.step())
            return {};
        after = row.number(0);
        if (row.time(1).value_or(time_point{}) <= now)
            return after;
    }
}

std::vector<store::doomed> tables::over_time(time_point now, int limit)
{
    return read_doomed(sql_.query(
        "SELECT key, queue FROM ((SELECT key, queue, expires_at FROM @live WHERE expires_at <= $1 "
        "ORDER BY expires_at, key LIMIT $2) UNION ALL (SELECT key, queue, expires_at FROM @finished "
        "WHERE expires_at <= $1 ORDER BY expires_at, key LIMIT $2)) AS o ORDER BY expires_at, key LIMIT $2",
        now,
        limit
    ));
}

std::vector<store::doomed> tables::over_age(time_point now, int limit)
{
    return read_doomed(sql_.query(
        "SELECT key, queue FROM @finished WHERE prune_at <= $1 AND (dedup_until IS NULL OR dedup_until <= $1) "
        "ORDER BY prune_at LIMIT $2",
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

/// A lock without a job is removed.
std::optional<store::stalled_job> tables::find_stalled(const rescue_order& order)
{
    auto row = sql_.query(
        "SELECT queue FROM @live WHERE key = $1 AND state + 0 = 2 AND token = $2 AND locked_until = $3",
        order.key,
        order.token,
        order.locked_until
    );
    if (!row.step())
        return {};
    auto job = find_job(tx_, order.key);
    if (!job)
        sql_.exec("DELETE FROM @live WHERE key = $1", order.key);
    return job ? std::optional{store::stalled_job{.queue = row.number(0), .job = std::move(*job)}} : std::nullopt;
}

}  // namespace cofila::postgres
