#include <algorithm>
#include <array>
#include <compare>
#include <limits>
#include <memory>
#include <utility>

#include "domain/generated_id.hpp"
#include "sqlite/many_rows.hpp"
#include "sqlite/places.hpp"
#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"

/// Waiting and delayed jobs.
namespace cofila::sqlite {

namespace {

constexpr many_rows insert_active COFILA_MANY_ROWS(
    "INSERT OR FAIL INTO cofila_active (queue, key, token, locked_until, lock_duration, processed_at, "
    "attempts_started, "
    "worker, "
    "group_number) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ""
);

std::optional<std::int64_t> group_at(std::span<const std::int64_t> groups, std::size_t place)
{
    return !groups.empty() && groups[place] != 0 ? std::optional{groups[place]} : std::nullopt;
}

void insert_locks(
    session& tx, std::int64_t queue, std::span<const job_snapshot> jobs, std::span<const std::int64_t> groups
)
{
    for (std::size_t done = 0; done < jobs.size();) {
        const auto rows = next_rows(jobs.subspan(done));
        std::array<std::string, most_rows> tokens;
        const auto worker = tx.worker_number(rows.front()->worker);
        auto statement = tx.sql().query(insert_active[rows.size()]);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto& job = *rows[i];
            tokens[i] = domain::from_hex(job.token);
            statement.bind(
                queue,
                job.key,
                bytes{tokens[i]},
                job.locked_until,
                job.lock_duration,
                job.processed_at,
                job.attempts_started,
                worker,
                group_at(groups, done + i)
            );
        }
        statement.run();
        done += rows.size();
    }
}

struct waiting_place {
    std::int64_t priority = std::numeric_limits<std::int64_t>::min();
    std::int64_t position = std::numeric_limits<std::int64_t>::min();
    std::int64_t key = std::numeric_limits<std::int64_t>::min();

    friend auto operator<=>(const waiting_place&, const waiting_place&) = default;
};

}  // namespace

/// Moves a range, whose last row was read. The tables of waiting jobs keep nothing but places, so that the jobs
/// themselves are not written.
std::vector<job_record> tables::promote_due(std::int64_t queue, time_point now, int limit)
{
    std::vector<job_record> due;
    std::int64_t run_at = 0;
    std::int64_t position = 0;
    std::int64_t key = 0;
    bool any = false;
    bool grouped = false;
    {
        auto row = sql_.query(
            "SELECT d.run_at, d.position, d.key, d.group_number, " COFILA_DELAYED_JOB " FROM cofila_delayed AS d "
            "LEFT JOIN cofila_jobs AS j ON j.key = d.key WHERE d.queue = ?1 AND d.run_at <= ?2 "
            "ORDER BY d.run_at, d.position, d.key LIMIT ?3",
            queue,
            now,
            limit
        );
        for (; row.step(); any = true) {
            run_at = row.number(0);
            position = row.number(1);
            key = row.number(2);
            grouped = grouped || !row.is_null(3);
            tx_.touch(queue, row.number(3));
            if (!row.is_null(4))
                due.push_back(read_job(tx_, row, 4));
        }
    }
    if (!any)
        return due;
    sql_.exec(
        "INSERT INTO cofila_waiting (queue, priority, position, key, was) SELECT queue, priority, position, key, 1 "
        "FROM cofila_delayed WHERE queue = ?1 AND (run_at, position, key) <= (?2, ?3, ?4) AND group_number IS NULL "
        "ORDER BY run_at, position, key",
        queue,
        run_at,
        position,
        key
    );
    if (grouped)
        sql_.exec(  // "+": by the range
            "INSERT INTO cofila_waiting_grouped (queue, group_number, priority, position, key, was) "
            "SELECT queue, group_number, priority, position, key, 1 FROM cofila_delayed WHERE queue = ?1 "
            "AND (run_at, position, key) <= (?2, ?3, ?4) AND +group_number IS NOT NULL ORDER BY run_at, position, key",
            queue,
            run_at,
            position,
            key
        );
    sql_.exec(
        "DELETE FROM cofila_delayed WHERE queue = ?1 AND (run_at, position, key) <= (?2, ?3, ?4)",
        queue,
        run_at,
        position,
        key
    );
    return due;
}

std::optional<time_point> tables::first_due(std::int64_t queue)
{
    auto row = sql_.query("SELECT min(run_at) FROM cofila_delayed WHERE queue = ?1", queue);
    return row.step() ? row.time(0) : std::nullopt;
}

std::optional<time_point> tables::first_early(std::int64_t queue, time_point now)
{
    auto row = sql_.query(
        "SELECT min(run_at) FROM (SELECT j.run_at FROM cofila_waiting AS w JOIN cofila_jobs AS j ON j.key = w.key "
        "WHERE w.queue = ?1 UNION ALL SELECT j.run_at FROM cofila_waiting_grouped AS w JOIN cofila_jobs AS j "
        "ON j.key = w.key WHERE w.queue = ?1) WHERE run_at > ?2",
        queue,
        now
    );
    return row.step() ? row.time(0) : std::nullopt;
}

bool tables::any_waiting(std::int64_t queue, time_point now)
{
    auto row = sql_.query(
        "SELECT EXISTS (SELECT 1 FROM cofila_waiting AS w JOIN cofila_jobs AS j ON j.key = w.key WHERE w.queue = ?1 "
        "AND (j.run_at IS NULL OR j.run_at <= ?2)) OR EXISTS (SELECT 1 FROM cofila_waiting_grouped AS w "
        "JOIN cofila_jobs AS j ON j.key = w.key WHERE w.queue = ?1 AND (j.run_at IS NULL OR j.run_at <= ?2))",
        queue,
        now
    );
    return row.step() && row.number(0) != 0;
}

bool tables::any_waiting_or_active(std::int64_t queue)
{
    auto row = sql_.query(
        "SELECT EXISTS (SELECT 1 FROM cofila_waiting AS w JOIN cofila_jobs AS j ON j.key = w.key WHERE w.queue = ?1) "
        "OR EXISTS (SELECT 1 FROM cofila_waiting_grouped AS w JOIN cofila_jobs AS j ON j.key = w.key "
        "WHERE w.queue = ?1) OR EXISTS (SELECT 1 FROM cofila_active WHERE queue = ?1)",
        queue
    );
    return row.step() && row.number(0) != 0;
}

std::size_t tables::count_claimable(std::int64_t queue, time_point now)
{
    auto row = sql_.query(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM cofila_waiting WHERE queue = ?1 LIMIT 1000)) "
        "+ (SELECT count(*) FROM (SELECT 1 FROM cofila_waiting_grouped WHERE queue = ?1 LIMIT 1000)) "
        "+ (SELECT count(*) FROM (SELECT 1 FROM cofila_delayed WHERE queue = ?1 AND run_at <= ?2 LIMIT 1000))",
        queue,
        now
    );
    return row.step() ? static_cast<std::size_t>(row.number(0)) : 0;
}

int tables::active_jobs(std::int64_t queue)
{
    auto row = sql_.query("SELECT count(*) FROM cofila_active WHERE queue = ?1", queue);
    return row.step() ? static_cast<int>(row.number(0)) : 0;
}

/// Reads on behind the last row where jobs were early.
store::best_waiting tables::best(std::int64_t queue, int limit, time_point now)
{
    store::best_waiting out;
    out.jobs.reserve(static_cast<std::size_t>(std::clamp(limit, 0, 64)));
    waiting_place last;
    constexpr int more = 1000;  // rows at a time, where some are early
    for (bool goes_on = limit > 0; goes_on;) {
        const auto before = last;
        const int left = limit - static_cast<int>(out.jobs.size());
        const int asked = out.in_a_row ? left : std::max(left, more);
        int read = 0;
        auto row = sql_.query(
            "SELECT w.priority, w.position, w.key, " COFILA_PLACE_AGREES ", " COFILA_WAITING_JOB
            " FROM cofila_waiting AS w "
            "JOIN cofila_jobs AS j ON j.key = w.key "
            "WHERE w.queue = ?1 AND (w.priority, w.position, w.key) > (?2, ?3, ?4) "
            "ORDER BY w.priority, w.position, w.key LIMIT ?5",
            queue,
            last.priority,
            last.position,
            last.key,
            asked
        );
        for (; std::cmp_less(out.jobs.size(), limit) && row.step(); ++read) {
            last = {.priority = row.number(0), .position = row.number(1), .key = row.number(2)};
            if (const auto early = not_before(row, 4); early && *early > now) {
                out.in_a_row = false;
                continue;
            }
            out.jobs.push_back(std::make_shared<job_record>(read_waiting_job(tx_, row, 3)));
        }
        // Damaged values may read as smaller ones.
        goes_on = read == asked && before < last && std::cmp_less(out.jobs.size(), limit);
    }
    return out;
}

/// A job that is locked is not damaged: its place is as it was read.
void tables::lock(
    std::int64_t queue, std::span<const job_snapshot> jobs, std::span<const std::int64_t> groups, bool in_a_row
)
{
    insert_locks(tx_, queue, jobs, groups);
    if (in_a_row) {
        const auto& last = *jobs.back();
        sql_.exec(
            "DELETE FROM cofila_waiting WHERE queue = ?1 AND (priority, position, key) <= (?2, ?3, ?4)",
            queue,
            last.priority,
            last.position,
            last.key
        );
        return;
    }
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto& job = *jobs[i];
        const auto group = group_at(groups, i).value_or(0);
        leave(
            tx_,
            job.key,
            job_state::waiting,
            {.queue = queue, .priority = job.priority, .position = job.position, .group = group}
        );
    }
}

}  // namespace cofila::sqlite
