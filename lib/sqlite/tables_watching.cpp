// What is read of the event log and the metrics, and how they are turned on and off. They are written by triggers: see
// triggers.cpp. Their rules, and the meaning of the numbers, are those of lib/domain/observation.hpp.
#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "sqlite/rows.hpp"
#include "sqlite/tables.hpp"
#include "sqlite/triggers.hpp"
#include "sqlite/watching.hpp"

namespace cofila::sqlite {

namespace {

void add_count(std::vector<minute_of_jobs>& minutes, bound_statement& row)
{
    constexpr auto last = std::chrono::duration_cast<std::chrono::minutes>(milliseconds::max()).count();
    const time_point start{std::chrono::minutes{std::clamp<std::int64_t>(row.number(0), 0, last)}};
    if (minutes.empty() || minutes.back().start != start)
        minutes.push_back({.start = start});
    const bool completed = row.number(1) == static_cast<int>(job_state::completed);
    auto& jobs = completed ? minutes.back().completed : minutes.back().failed;
    jobs.count = static_cast<std::uint64_t>(row.number(2));
    jobs.total = milliseconds{row.number(3)};
    jobs.longest = milliseconds{row.number(4)};
}

#define COFILA_NEXT_PRIORITY(after)                                                                                    \
    "SELECT min(priority) FROM (SELECT min(priority) AS priority FROM cofila_waiting WHERE queue = ?1" after           \
    " UNION ALL SELECT min(priority) FROM cofila_waiting_grouped WHERE queue = ?1" after ")"
#define COFILA_LINE_IN(table) "SELECT position, key FROM " table " WHERE queue = ?1 AND priority = line.priority"
#define COFILA_END_OF_LINE(order)                                                                                      \
    "(SELECT key FROM (" COFILA_LINE_IN("cofila_waiting") " UNION ALL " COFILA_LINE_IN("cofila_waiting_grouped"        \
    ) " ORDER BY 1 " order " LIMIT 1))"

/// The number of a log stands beside the places of its readers, under the empty name, which no reader has, and is
/// forgotten with the queue. The file counts its logs, so that it is never given again.
void begin_log(session& tx, std::int64_t queue)
{
    auto& sql = tx.sql();
    if (sql.query("SELECT 1 FROM cofila_cursors WHERE queue = ?1 AND name = ''", queue).step() ||
        sql.query("SELECT 1 FROM cofila_watched WHERE queue = ?1 AND last_event > 0", queue).step())
        return;
    sql.exec("INSERT INTO cofila_meta (key, value) VALUES ('event_logs', 1) ON CONFLICT (key) DO UPDATE SET value = "
             "value + 1");
    sql.exec(
        "INSERT INTO cofila_cursors (queue, name, place) "
        "SELECT ?1, '', CAST(value AS INTEGER) FROM cofila_meta WHERE key = 'event_logs'",
        queue
    );
}

}  // namespace

void keep_events(session& tx, std::int64_t queue, std::optional<int> most)
{
    if (most)
        begin_log(tx, queue);
    tx.sql().exec(
        "INSERT INTO cofila_watched (queue, events) VALUES (?1, ?2) ON CONFLICT (queue) DO UPDATE SET events = ?2",
        queue,
        most
    );
    tx.sql().exec(
        "DELETE FROM cofila_events WHERE queue = ?1 AND sequence <= (SELECT last_event - ?2 FROM cofila_watched "
        "WHERE queue = ?1)",
        queue,
        most.value_or(0)
    );
    if (!most)
        tx.sql().exec("DELETE FROM cofila_cursors WHERE queue = ?1 AND name <> ''", queue);
    adjust_triggers(tx);
}

void keep_minutes(session& tx, std::int64_t queue, std::optional<int> most)
{
    tx.sql().exec(
        "INSERT INTO cofila_watched (queue, minutes) VALUES (?1, ?2) ON CONFLICT (queue) DO UPDATE SET minutes = ?2",
        queue,
        most
    );
    if (!most)
        tx.sql().exec("DELETE FROM cofila_metrics WHERE queue = ?1", queue);
    adjust_triggers(tx);
}

event_log_state tables::event_log(std::int64_t queue, const std::string& cursor)
{
    auto row = sql_.query(
        "SELECT events, last_event, (SELECT place FROM cofila_cursors AS c WHERE c.queue = w.queue AND name = ''), "
        "(SELECT place FROM cofila_cursors AS c WHERE c.queue = w.queue AND name = ?2 AND name <> '') "
        "FROM cofila_watched AS w WHERE queue = ?1",
        queue,
        cursor
    );
    event_log_state out;
    if (!row.step())
        return out;
    if (!row.is_null(0))
        out.events = static_cast<int>(row.number(0));
    out.last = static_cast<std::uint64_t>(row.number(1));
    out.log = row.is_null(2) ? 0 : static_cast<std::uint64_t>(row.number(2));
    if (!row.is_null(3))
        out.cursor = static_cast<std::uint64_t>(row.number(3));
    return out;
}

std::vector<logged_event> tables::events_after(std::int64_t queue, std::uint64_t after, int limit)
{
    auto row = sql_.query(
        "SELECT sequence, kind, job, was, state, at, text FROM cofila_events WHERE queue = ?1 AND sequence > ?2 "
        "ORDER BY sequence LIMIT ?3",
        queue,
        static_cast<std::int64_t>(after),
        limit
    );
    std::vector<logged_event> out;
    while (row.step()) {
        logged_event what{
            .sequence = static_cast<std::uint64_t>(row.number(0)),
            .what = static_cast<logged_event::kind>(row.number(1)),
            .id = job_id{row.text(2)},
            .state = static_cast<job_state>(row.number(4)),
            .at = row.time(5),
            .text = row.text(6),
        };
        if (!row.is_null(3))
            what.from = static_cast<job_state>(row.number(3));
        out.push_back(std::move(what));
    }
    return out;
}

void tables::set_event_cursor(std::int64_t queue, const std::string& name, std::optional<std::uint64_t> place)
{
    if (!place)
        sql_.exec("DELETE FROM cofila_cursors WHERE queue = ?1 AND name = ?2", queue, name);
    else
        sql_.exec(
            "INSERT OR REPLACE INTO cofila_cursors (queue, name, place) VALUES (?1, ?2, ?3)",
            queue,
            name,
            static_cast<std::int64_t>(*place)
        );
}

std::optional<int> tables::kept_minutes(std::int64_t queue)
{
    auto row = sql_.query("SELECT minutes FROM cofila_watched WHERE queue = ?1", queue);
    if (!row.step() || row.is_null(0))
        return {};
    return static_cast<int>(std::clamp<std::int64_t>(row.number(0), 0, std::numeric_limits<int>::max()));
}

std::vector<minute_of_jobs> tables::minutes(std::int64_t queue, std::int64_t begin, std::int64_t end)
{
    auto row = sql_.query(
        "SELECT minute, state, jobs, total, longest FROM cofila_metrics WHERE queue = ?1 "
        "AND minute >= ?2 AND minute < ?3 ORDER BY minute, state",
        queue,
        begin,
        end
    );
    std::vector<minute_of_jobs> out;
    while (row.step())
        add_count(out, row);
    return out;
}

std::vector<job_record> tables::ends_of_lines(std::int64_t queue, int priorities)
{
    std::vector<std::int64_t> keys;
    {
        auto row = sql_.query(
            "WITH RECURSIVE line (priority) AS (" COFILA_NEXT_PRIORITY(""
            ) " UNION ALL SELECT (" COFILA_NEXT_PRIORITY(" AND priority > line.priority"
            ) ") FROM line WHERE line.priority IS NOT NULL LIMIT ?2) SELECT " COFILA_END_OF_LINE(""
            ) ", " COFILA_END_OF_LINE("DESC") " FROM line WHERE line.priority IS NOT NULL",
            queue,
            priorities
        );
        while (row.step()) {
            keys.push_back(row.number(0));
            keys.push_back(row.number(1));
        }
    }
    std::vector<job_record> out;
    for (const auto key : keys)
        if (auto job = find_job(tx_, key))
            out.push_back(std::move(*job));
    return out;
}

}  // namespace cofila::sqlite
