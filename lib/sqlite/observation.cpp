// The event log and the metrics are written by triggers, in the transaction that changes the job: so they hold exactly
// what was committed, whichever program changed it, and the number of an event has no gaps. The triggers are created
// when the first queue of a file asks for events or counts, and dropped with the last one, so that files without
// watchers pay nothing; each first asks `cofila_watched` whether its queue wants it. A trigger numbers the event from
// the queue's row, stores it and deletes what is beyond the bound, so the log never grows past it. Their rules are
// those of lib/domain/observation.hpp, which the memory repository calls: a change of one is a change of both. The text
// of a trigger is compared by check_objects: a program with other texts refuses the file.
#include "sqlite/observation.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>

#include "domain/observation.hpp"
#include "sqlite/rows.hpp"

namespace cofila::sqlite {

namespace {

// The rules, and the meaning of the numbers, are those of lib/domain/observation.hpp.

std::string replaced(std::string text, std::string_view word, std::string_view by)
{
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
        text.replace(at, word.size(), by);
    return text;
}

/// A trigger that logs an event. `row` is NEW or OLD; `what` gives kind, job, was, state, at and text.
std::string logging(std::string_view trigger, std::string_view row, std::string_view when, std::string_view what)
{
    std::string sql = "CREATE TRIGGER IF NOT EXISTS $trigger WHEN ($when) "
                      "AND (SELECT events FROM cofila_watched WHERE queue = $row.queue) IS NOT NULL BEGIN "
                      "UPDATE cofila_watched SET last_event = last_event + 1 WHERE queue = $row.queue; "
                      "INSERT INTO cofila_events (queue, sequence, kind, job, was, state, at, text) "
                      "SELECT queue, last_event, $what FROM cofila_watched WHERE queue = $row.queue; "
                      "DELETE FROM cofila_events WHERE queue = $row.queue "
                      "AND sequence <= (SELECT last_event - events FROM cofila_watched WHERE queue = $row.queue); END";
    sql = replaced(replaced(std::move(sql), "$trigger", trigger), "$what", what);
    return replaced(replaced(std::move(sql), "$when", when), "$row", row);
}

constexpr const char* counting =
    "CREATE TRIGGER IF NOT EXISTS cofila_count_ends AFTER UPDATE OF state ON cofila_jobs "
    "WHEN NEW.state IN (4, 5) AND NEW.state <> OLD.state "
    "AND (SELECT minutes FROM cofila_watched WHERE queue = NEW.queue) IS NOT NULL BEGIN "
    "INSERT INTO cofila_metrics (queue, minute, state, jobs, total, longest) "
    "SELECT NEW.queue, NEW.finished_at / 60000, NEW.state, 1, took, took FROM (SELECT iif(OLD.state = 2, "
    "max(0, NEW.finished_at - coalesce(NEW.processed_at, NEW.finished_at)), 0) AS took) WHERE true "
    "ON CONFLICT (queue, minute, state) DO UPDATE SET jobs = jobs + 1, total = total + excluded.total, "
    "longest = max(longest, excluded.longest); "
    "DELETE FROM cofila_metrics WHERE queue = NEW.queue AND minute <= NEW.finished_at / 60000 - "
    "(SELECT minutes FROM cofila_watched WHERE queue = NEW.queue); END";

}  // namespace

/// Static, since the statement cache knows a text by its address.
std::span<const std::string> observing_triggers()
{
    static const std::array<std::string, 5> all{
        logging(
            "cofila_log_added AFTER INSERT ON cofila_jobs",
            "NEW",
            "true",
            "0, NEW.id, NULL, NEW.state, NEW.created_at, NEW.name"
        ),
        logging(
            "cofila_log_moved AFTER UPDATE OF state, run_at ON cofila_jobs",
            "NEW",
            "NEW.state <> OLD.state OR (NEW.state = 1 AND NEW.run_at IS NOT OLD.run_at)",
            "1, NEW.id, OLD.state, NEW.state, CASE NEW.state WHEN 2 THEN NEW.processed_at WHEN 4 THEN NEW.finished_at "
            "WHEN 5 THEN NEW.finished_at END, iif(NEW.state = 5, NEW.failed_reason, '')"
        ),
        logging(
            "cofila_log_progress AFTER UPDATE OF progress ON cofila_jobs",
            "NEW",
            "NEW.progress <> OLD.progress",
            "2, NEW.id, OLD.state, NEW.state, NULL, NEW.progress"
        ),
        logging(
            "cofila_log_removed AFTER DELETE ON cofila_jobs", "OLD", "true", "3, OLD.id, OLD.state, OLD.state, NULL, ''"
        ),
        counting,
    };
    return all;
}

namespace {

constexpr const char* drop_triggers[] = {
    "DROP TRIGGER IF EXISTS cofila_log_added",
    "DROP TRIGGER IF EXISTS cofila_log_moved",
    "DROP TRIGGER IF EXISTS cofila_log_progress",
    "DROP TRIGGER IF EXISTS cofila_log_removed",
    "DROP TRIGGER IF EXISTS cofila_count_ends",
};

bool any_watched(session& with)
{
    return with.sql()
        .query("SELECT 1 FROM cofila_watched WHERE events IS NOT NULL OR minutes IS NOT NULL LIMIT 1")
        .step();
}

void adjust_triggers(session& with)
{
    if (any_watched(with))
        for (const auto& sql : observing_triggers())
            with.sql().exec(sql.c_str());
    else
        for (const auto* sql : drop_triggers)
            with.sql().exec(sql);
}

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

std::optional<int> kept_minutes(session& with, std::int64_t queue)
{
    auto row = with.sql().query("SELECT minutes FROM cofila_watched WHERE queue = ?1", queue);
    if (!row.step() || row.is_null(0))
        return {};
    return static_cast<int>(std::clamp<std::int64_t>(row.number(0), 0, std::numeric_limits<int>::max()));
}

/// The keys of the first and the last waiting job of each priority.
std::vector<std::int64_t> ends_of_lines(session& with, std::int64_t queue)
{
    std::vector<std::int64_t> keys;
    auto row = with.sql().query(
        "WITH RECURSIVE line (priority) AS (SELECT min(priority) FROM cofila_jobs WHERE queue = ?1 AND state = 0 "
        "UNION ALL SELECT (SELECT min(priority) FROM cofila_jobs WHERE queue = ?1 AND state = 0 "
        "AND priority > line.priority) FROM line WHERE line.priority IS NOT NULL LIMIT ?2) "
        "SELECT (SELECT key FROM cofila_jobs WHERE queue = ?1 AND state = 0 AND priority = line.priority "
        "ORDER BY position LIMIT 1), (SELECT key FROM cofila_jobs WHERE queue = ?1 AND state = 0 "
        "AND priority = line.priority ORDER BY position DESC LIMIT 1) FROM line WHERE line.priority IS NOT NULL",
        queue,
        domain::most_priorities
    );
    while (row.step()) {
        keys.push_back(row.number(0));
        keys.push_back(row.number(1));
    }
    return keys;
}

}  // namespace

void keep_events(session& with, std::int64_t queue, std::optional<int> most)
{
    with.sql().exec(
        "INSERT INTO cofila_watched (queue, events) VALUES (?1, ?2) ON CONFLICT (queue) DO UPDATE SET events = ?2",
        queue,
        most
    );
    with.sql().exec(
        "DELETE FROM cofila_events WHERE queue = ?1 AND sequence <= (SELECT last_event - ?2 FROM cofila_watched "
        "WHERE queue = ?1)",
        queue,
        most.value_or(0)
    );
    if (!most)
        with.sql().exec("DELETE FROM cofila_cursors WHERE queue = ?1", queue);
    adjust_triggers(with);
}

void keep_minutes(session& with, std::int64_t queue, std::optional<int> most)
{
    with.sql().exec(
        "INSERT INTO cofila_watched (queue, minutes) VALUES (?1, ?2) ON CONFLICT (queue) DO UPDATE SET minutes = ?2",
        queue,
        most
    );
    if (!most)
        with.sql().exec("DELETE FROM cofila_metrics WHERE queue = ?1", queue);
    adjust_triggers(with);
}

event_log_state event_log_of(session& with, const std::string& queue, const std::string& cursor)
{
    auto row = with.sql().query(
        "SELECT events, last_event, (SELECT place FROM cofila_cursors WHERE cofila_cursors.queue = "
        "cofila_watched.queue AND name = ?2) FROM cofila_watched WHERE queue = ?1",
        with.find_queue(queue),
        cursor
    );
    event_log_state out;
    if (!row.step())
        return out;
    if (!row.is_null(0))
        out.events = static_cast<int>(row.number(0));
    out.last = static_cast<std::uint64_t>(row.number(1));
    if (!row.is_null(2))
        out.cursor = static_cast<std::uint64_t>(row.number(2));
    return out;
}

std::vector<logged_event> events_after(session& with, const std::string& queue, std::uint64_t after, int limit)
{
    auto row = with.sql().query(
        "SELECT sequence, kind, job, was, state, at, text FROM cofila_events WHERE queue = ?1 AND sequence > ?2 "
        "ORDER BY sequence LIMIT ?3",
        with.find_queue(queue),
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

bool set_event_cursor(
    session& with, const std::string& queue, const std::string& name, std::optional<std::uint64_t> place
)
{
    const auto number = with.find_or_make_queue(queue);
    if (!place)
        return with.sql().exec("DELETE FROM cofila_cursors WHERE queue = ?1 AND name = ?2", number, name) != 0;
    return with.sql().exec(
               "INSERT OR REPLACE INTO cofila_cursors (queue, name, place) VALUES (?1, ?2, ?3)",
               number,
               name,
               static_cast<std::int64_t>(*place)
           ) != 0;
}

queue_metrics metrics(session& with, const std::string& queue, time_point now, const metrics_range& of)
{
    queue_metrics out;
    const auto number = with.find_queue(queue);
    if (!number)
        return out;
    if (const auto kept = kept_minutes(with, *number)) {
        const auto wanted = domain::minutes_in(of, now, *kept);
        auto row = with.sql().query(
            "SELECT minute, state, jobs, total, longest FROM cofila_metrics WHERE queue = ?1 "
            "AND minute >= ?2 AND minute < ?3 ORDER BY minute, state",
            *number,
            wanted.begin,
            wanted.end
        );
        while (row.step())
            add_count(out.minutes, row);
    }
    for (const auto key : ends_of_lines(with, *number))
        if (const auto job = find_job(with, *number, key))
            out.latency = std::max(out.latency, domain::waited(*job, now));
    return out;
}

}  // namespace cofila::sqlite
