// The event log and the metrics are written by triggers, in the transaction that changes the job: so they hold exactly
// what was committed, whichever program changed it, and the number of an event has no gaps. The triggers are created
// when the first queue of a file asks for events or counts, and dropped with the last one, so that files without
// watchers pay nothing; each first asks `cofila_watched` whether its queue wants it. A trigger numbers the event from
// the queue's row, stores it and deletes what is beyond the bound, so the log never grows past it. Their rules are
// those of lib/domain/observation.hpp, which the memory repository calls: a change of one is a change of both.
//
// The triggers of version 5 rely on two habits of all statements: a job's row in cofila_jobs is there before its key is
// put into the table of a state, and when a job is removed that row goes first, while its state can still be seen.
// check_objects compares the texts: a program with other texts refuses the file. Those of version 4 are kept for a file
// that is about to be migrated.
#include "sqlite/triggers.hpp"

#include <SQLiteCpp/Statement.h>

#include <array>
#include <string_view>
#include <utility>

namespace cofila::sqlite {

namespace {

std::string replaced(std::string text, std::string_view word, std::string_view by)
{
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
        text.replace(at, word.size(), by);
    return text;
}

/// A trigger that logs an event. `trigger` ends in WHEN or AND. `row` is NEW or OLD; `what` is a query for the event,
/// in which `job` is a row of cofila_jobs.
std::string logging(std::string_view trigger, std::string_view row, std::string_view job, std::string_view what)
{
    std::string sql = "CREATE TRIGGER IF NOT EXISTS $trigger"
                      "(SELECT events FROM cofila_watched WHERE queue = $row.queue) IS NOT NULL BEGIN "
                      "UPDATE cofila_watched SET last_event = last_event + 1 WHERE queue = $row.queue; "
                      "INSERT INTO cofila_events (queue, sequence, kind, job, was, state, at, text) $what; "
                      "DELETE FROM cofila_events WHERE queue = $row.queue "
                      "AND sequence <= (SELECT last_event - events FROM cofila_watched WHERE queue = $row.queue); END";
    sql = replaced(replaced(std::move(sql), "$trigger", trigger), "$what", what);
    // A generated id, made of the job's key and its random part, or the one that the caller gave.
    sql = replaced(
        std::move(sql),
        "$id",
        "coalesce($job.id, printf('%08x-%04x-', $job.key >> 16, $job.key & 65535) || "
        "lower(substr(hex($job.random), 1, 4) || '-' || substr(hex($job.random), 5, 4) || '-' || "
        "substr(hex($job.random), 9)), '')"
    );
    return replaced(replaced(std::move(sql), "$job", job), "$row", row);
}

/// A trigger on a table of a state, whose row has the key of the job. `when` is empty or ends in AND; `what` gives
/// kind, job, was, state, at and text.
std::string logging_move(std::string_view name, std::string_view event, std::string_view when, std::string_view what)
{
    const auto trigger = std::string{name} + " AFTER " + std::string{event} + " WHEN " + std::string{when};
    const auto query = "SELECT w.queue, w.last_event, " + std::string{what} +
                       " FROM cofila_watched AS w LEFT JOIN cofila_jobs AS j ON j.key = NEW.key "
                       "WHERE w.queue = NEW.queue";
    return logging(trigger, "NEW", "j", query);
}

/// The same for a job that is added to the table of a state, or moves there. `state` is its number.
std::string logging_arrival(std::string_view name, std::string_view table, std::string_view state)
{
    return logging_move(
        name,
        "INSERT ON " + std::string{table},
        "",
        "NEW.was IS NOT NULL, $id, NEW.was, " + std::string{state} +
            ", iif(NEW.was IS NULL, j.created_at, NULL), iif(NEW.was IS NULL, coalesce(j.name, ''), '')"
    );
}

/// A trigger on cofila_jobs, which finds the state of the job where its key is.
std::string logging_job(std::string_view trigger, std::string_view row, std::string_view kind, std::string_view text)
{
    const auto query = "SELECT queue, last_event, " + std::string{kind} + ", $id, state, state, NULL, " +
                       std::string{text} +
                       " FROM (SELECT w.queue, w.last_event, CASE WHEN EXISTS ("
                       "SELECT 1 FROM cofila_active AS a WHERE a.queue = $row.queue AND a.key = $row.key) THEN 2 "
                       "ELSE coalesce((SELECT f.state FROM cofila_finished AS f WHERE f.key = $row.key), EXISTS ("
                       "SELECT 1 FROM cofila_delayed AS d WHERE d.queue = $row.queue AND d.run_at = $row.run_at "
                       "AND d.position = $row.position AND d.key = $row.key)) END AS state "
                       "FROM cofila_watched AS w WHERE w.queue = $row.queue)";
    return logging(trigger, row, row, query);
}

constexpr const char* counting =
    "CREATE TRIGGER IF NOT EXISTS cofila_count_ends AFTER INSERT ON cofila_finished "
    "WHEN (SELECT minutes FROM cofila_watched WHERE queue = NEW.queue) IS NOT NULL BEGIN "
    "INSERT INTO cofila_metrics (queue, minute, state, jobs, total, longest) "
    "SELECT NEW.queue, NEW.finished_at / 60000, NEW.state, 1, took, took FROM (SELECT iif(NEW.was = 2, "
    "max(0, NEW.finished_at - coalesce(NEW.processed_at, NEW.finished_at)), 0) AS took) WHERE true "
    "ON CONFLICT (queue, minute, state) DO UPDATE SET jobs = jobs + 1, total = total + excluded.total, "
    "longest = max(longest, excluded.longest); "
    "DELETE FROM cofila_metrics WHERE queue = NEW.queue AND minute <= NEW.finished_at / 60000 - "
    "(SELECT minutes FROM cofila_watched WHERE queue = NEW.queue); END";

// Of version 4.

/// A trigger that logs an event. `row` is NEW or OLD; `what` gives kind, job, was, state, at and text.
std::string logging_of_4(std::string_view trigger, std::string_view row, std::string_view when, std::string_view what)
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

constexpr const char* counting_of_4 =
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

std::span<const std::string> triggers_of_4()
{
    static const std::array<std::string, 5> all{
        logging_of_4(
            "cofila_log_added AFTER INSERT ON cofila_jobs",
            "NEW",
            "true",
            "0, NEW.id, NULL, NEW.state, NEW.created_at, NEW.name"
        ),
        logging_of_4(
            "cofila_log_moved AFTER UPDATE OF state, run_at ON cofila_jobs",
            "NEW",
            "NEW.state <> OLD.state OR (NEW.state = 1 AND NEW.run_at IS NOT OLD.run_at)",
            "1, NEW.id, OLD.state, NEW.state, CASE NEW.state WHEN 2 THEN NEW.processed_at WHEN 4 THEN NEW.finished_at "
            "WHEN 5 THEN NEW.finished_at END, iif(NEW.state = 5, NEW.failed_reason, '')"
        ),
        logging_of_4(
            "cofila_log_progress AFTER UPDATE OF progress ON cofila_jobs",
            "NEW",
            "NEW.progress <> OLD.progress",
            "2, NEW.id, OLD.state, NEW.state, NULL, NEW.progress"
        ),
        logging_of_4(
            "cofila_log_removed AFTER DELETE ON cofila_jobs", "OLD", "true", "3, OLD.id, OLD.state, OLD.state, NULL, ''"
        ),
        counting_of_4,
    };
    return all;
}

/// Static, since the statement cache knows a text by its address.
std::span<const std::string> triggers_of_5()
{
    static const std::array<std::string, 9> all{
        logging_arrival("cofila_log_waiting", "cofila_waiting", "0"),
        logging_arrival("cofila_log_waiting_grouped", "cofila_waiting_grouped", "0"),
        logging_arrival("cofila_log_delayed", "cofila_delayed", "1"),
        // A delayed job that stays delayed, for another time.
        logging_move(
            "cofila_log_put_off",
            "UPDATE OF run_at ON cofila_delayed",
            "NEW.run_at <> OLD.run_at AND ",
            "1, $id, 1, 1, NULL, ''"
        ),
        logging_move("cofila_log_active", "INSERT ON cofila_active", "", "1, $id, 0, 2, NEW.processed_at, ''"),
        logging_move(
            "cofila_log_finished",
            "INSERT ON cofila_finished",
            "",
            "1, $id, NEW.was, NEW.state, NEW.finished_at, iif(NEW.state = 5, NEW.failed_reason, '')"
        ),
        logging_job(
            "cofila_log_progress AFTER UPDATE OF progress ON cofila_jobs WHEN NEW.progress <> OLD.progress AND ",
            "NEW",
            "2",
            "NEW.progress"
        ),
        logging_job("cofila_log_removed AFTER DELETE ON cofila_jobs WHEN ", "OLD", "3", "''"),
        counting,
    };
    return all;
}

constexpr std::array drops{
    "DROP TRIGGER IF EXISTS cofila_log_waiting",
    "DROP TRIGGER IF EXISTS cofila_log_waiting_grouped",
    "DROP TRIGGER IF EXISTS cofila_log_delayed",
    "DROP TRIGGER IF EXISTS cofila_log_put_off",
    "DROP TRIGGER IF EXISTS cofila_log_active",
    "DROP TRIGGER IF EXISTS cofila_log_finished",
    "DROP TRIGGER IF EXISTS cofila_log_progress",
    "DROP TRIGGER IF EXISTS cofila_log_removed",
    "DROP TRIGGER IF EXISTS cofila_count_ends",
};

constexpr const char* any_watched =
    "SELECT 1 FROM cofila_watched WHERE events IS NOT NULL OR minutes IS NOT NULL LIMIT 1";

template <class Execute>
void adjust(bool wanted, Execute execute)
{
    if (wanted)
        for (const auto& sql : observing_triggers())
            execute(sql.c_str());
    else
        for (const auto* sql : drops)
            execute(sql);
}

}  // namespace

std::span<const std::string> observing_triggers() { return triggers_of_5(); }

std::span<const std::string> observing_triggers(std::int64_t version)
{
    if (version < 4)
        return {};
    return version == 4 ? triggers_of_4() : triggers_of_5();
}

std::span<const char* const> dropping_of_triggers() { return drops; }

void adjust_triggers(session& tx)
{
    const bool wanted = tx.sql().query(any_watched).step();
    adjust(wanted, [&](const char* sql) { tx.sql().exec(sql); });
}

void adjust_triggers(SQLite::Database& db)
{
    const bool wanted = SQLite::Statement{db, any_watched}.executeStep();
    adjust(wanted, [&](const char* sql) { db.exec(sql); });
}

}  // namespace cofila::sqlite
