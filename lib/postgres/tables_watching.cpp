// What is read of the event log and the metrics, and how they are turned on and off. They are written by triggers: see
// functions_1.cpp. Their rules, and the meaning of the numbers, are those of lib/domain/observation.hpp.
#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "postgres/rows.hpp"
#include "postgres/tables.hpp"
#include "postgres/watching.hpp"

namespace cofila::postgres {

namespace {

void add_count(std::vector<minute_of_jobs>& minutes, const rows& row)
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

#define COFILA_NEXT_PRIORITY(group, after)                                                                             \
    "(SELECT l.priority FROM @live AS l WHERE l.queue = $1 AND l.state = 0 AND l.group_number IS " group after         \
    " ORDER BY l.priority LIMIT 1)"
#define COFILA_NEXT_OF_BOTH(after)                                                                                     \
    "least(" COFILA_NEXT_PRIORITY("NULL", after) ", " COFILA_NEXT_PRIORITY("NOT NULL", after) ")"
#define COFILA_END_IN(group, order)                                                                                    \
    "(SELECT l.position, l.key FROM @live AS l WHERE l.queue = $1 AND l.state = 0 AND l.group_number IS " group        \
    " AND l.priority = line.priority ORDER BY l.position " order " LIMIT 1)"
#define COFILA_END_OF_LINE(order)                                                                                      \
    "(SELECT e.key FROM (" COFILA_END_IN("NULL", order) " UNION ALL " COFILA_END_IN(                                   \
        "NOT NULL", order                                                                                              \
    ) ") AS e ORDER BY e.position " order " LIMIT 1)"

constexpr const char* adjust_triggers = "SELECT @adjust_triggers()";

}  // namespace

void keep_events(session& tx, std::int64_t queue, std::optional<int> most)
{
    tx.sql().exec(
        "UPDATE @queues SET events = $2::int, event_log = CASE WHEN event_log IS NULL AND $2::int IS NOT NULL "
        "THEN nextval('@event_logs') ELSE event_log END WHERE number = $1",
        queue,
        most
    );
    tx.sql().exec(
        "DELETE FROM @events WHERE queue = $1 AND sequence <= (SELECT last_event - coalesce(events, 0) FROM @queues "
        "WHERE number = $1)",
        queue
    );
    if (!most)
        tx.sql().exec("DELETE FROM @cursors WHERE queue = $1", queue);
    tx.sql().query(adjust_triggers);
}

void keep_minutes(session& tx, std::int64_t queue, std::optional<int> most)
{
    tx.sql().exec("UPDATE @queues SET minutes = $2 WHERE number = $1", queue, most);
    if (!most)
        tx.sql().exec("DELETE FROM @metrics WHERE queue = $1", queue);
    tx.sql().query(adjust_triggers);
}

event_log_state tables::event_log(std::int64_t queue, const std::string& cursor)
{
    auto row = sql_.query(
        "SELECT events, last_event, event_log, (SELECT place FROM @cursors WHERE queue = $1 AND name = $2) "
        "FROM @queues WHERE number = $1",
        queue,
        cursor
    );
    event_log_state out;
    if (!row.step())
        return out;
    if (!row.is_null(0))
        out.events = static_cast<int>(row.number(0));
    out.last = static_cast<std::uint64_t>(row.number(1));
    out.log = static_cast<std::uint64_t>(row.number(2));
    if (!row.is_null(3))
        out.cursor = static_cast<std::uint64_t>(row.number(3));
    return out;
}

std::vector<logged_event> tables::events_after(std::int64_t queue, std::uint64_t after, int limit)
{
    auto row = sql_.query(
        "SELECT sequence, kind, job, was, state, at, text FROM @events WHERE queue = $1 AND sequence > $2 "
        "ORDER BY sequence LIMIT $3",
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
        sql_.exec("DELETE FROM @cursors WHERE queue = $1 AND name = $2", queue, name);
    else
        sql_.exec(
            "INSERT INTO @cursors (queue, name, place) VALUES ($1, $2, $3) ON CONFLICT (queue, name) DO UPDATE "
            "SET place = excluded.place",
            queue,
            name,
            static_cast<std::int64_t>(*place)
        );
}

std::optional<int> tables::kept_minutes(std::int64_t queue)
{
    auto row = sql_.query("SELECT minutes FROM @queues WHERE number = $1", queue);
    if (!row.step() || row.is_null(0))
        return {};
    return static_cast<int>(std::clamp<std::int64_t>(row.number(0), 0, std::numeric_limits<int>::max()));
}

std::vector<minute_of_jobs> tables::minutes(std::int64_t queue, std::int64_t begin, std::int64_t end)
{
    auto row = sql_.query(
        "SELECT minute, state, sum(jobs), sum(total), max(longest) FROM @metrics WHERE queue = $1 "
        "AND minute >= $2 AND minute < $3 GROUP BY minute, state ORDER BY minute, state",
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
            "WITH RECURSIVE line (priority) AS (SELECT " COFILA_NEXT_OF_BOTH(""
            ) " UNION ALL SELECT " COFILA_NEXT_OF_BOTH(" AND l.priority > line.priority"
            ) " FROM line WHERE line.priority IS NOT NULL) SELECT " COFILA_END_OF_LINE(""
            ) ", " COFILA_END_OF_LINE("DESC") " FROM (SELECT priority FROM line LIMIT $2) AS line "
                                              "WHERE line.priority IS NOT NULL",
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

}  // namespace cofila::postgres
