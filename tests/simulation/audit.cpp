#include "audit.hpp"

#include <SQLiteCpp/Exception.h>

#include <cstdint>
#include <string>

namespace cofila::sim {

namespace {

std::vector<row_change>* target = nullptr;

constexpr int columns = 15;

/// Reads a row from anything that has numbered values.
template <class Values>
std::optional<job_row> read_row(const Values& values, int first)
{
    if (values.is_null(first))
        return {};
    const auto when = [&](int column) {
        return values.is_null(column) ? std::nullopt : std::optional{values.number(column)};
    };
    return job_row{
        .key = values.number(first),
        .queue = values.number(first + 1),
        .id = values.text(first + 2),
        .state = static_cast<job_state>(values.number(first + 3)),
        .priority = values.number(first + 4),
        .position = values.number(first + 5),
        .run_at = when(first + 6),
        .finished_at = when(first + 7),
        .made = values.number(first + 8),
        .started = values.number(first + 9),
        .stalls = values.number(first + 10),
        .token = values.text(first + 11),
        .locked_until = when(first + 12),
        .lock_duration = values.number(first + 13),
        .worker = values.text(first + 14),
    };
}

std::string text_of(const unsigned char* text) { return text ? reinterpret_cast<const char*>(text) : ""; }

struct arguments {
    sqlite3_value** values;

    bool is_null(int i) const { return sqlite3_value_type(values[i]) == SQLITE_NULL; }
    std::int64_t number(int i) const { return sqlite3_value_int64(values[i]); }
    std::string text(int i) const { return text_of(sqlite3_value_text(values[i])); }
};

struct result_columns {
    sqlite3_stmt* row;

    bool is_null(int i) const { return sqlite3_column_type(row, i) == SQLITE_NULL; }
    std::int64_t number(int i) const { return sqlite3_column_int64(row, i); }
    std::string text(int i) const { return text_of(sqlite3_column_text(row, i)); }
};

void job_changed(sqlite3_context*, int, sqlite3_value** values)
{
    if (!target)
        return;
    const arguments from{values};
    target->push_back({
        .before = read_row(from, 0),
        .after = read_row(from, columns),
        .options = from.text(2 * columns),
        .progressed = from.number(2 * columns + 1) != 0,
    });
}

void queue_changed(sqlite3_context*, int, sqlite3_value** values)
{
    if (!target)
        return;
    const arguments from{values};
    target->push_back({
        .queue = from.number(0),
        .name = from.text(1),
        .made = from.number(3) == 1,
        .forgotten = from.number(3) == 2,
        .paused = from.number(2) != 0,
    });
}

void log_changed(sqlite3_context*, int, sqlite3_value** values)
{
    if (!target)
        return;
    const arguments from{values};
    target->push_back({.log_of = from.number(0), .written = from.number(1) != 0});
}

void event_log_changed(sqlite3_context*, int, sqlite3_value** values)
{
    if (!target)
        return;
    const arguments from{values};
    target->push_back({
        .keeps_events = from.number(0),
        .most_events = from.is_null(1) ? std::nullopt : std::optional{from.number(1)},
    });
}

std::optional<rate_limit> rate_of(bool none, std::int64_t max, std::int64_t window)
{
    if (none)
        return {};
    return rate_limit{.max = static_cast<int>(max), .duration = milliseconds{window}};
}

void rate_changed(sqlite3_context*, int, sqlite3_value** values)
{
    if (!target)
        return;
    const arguments from{values};
    target->push_back({.paced = from.number(0), .rate = rate_of(from.is_null(1), from.number(1), from.number(2))});
}

void require(int result, sqlite3* connection)
{
    if (result != SQLITE_OK)
        throw SQLite::Exception{connection, result};
}

constexpr const char* triggers =
    "CREATE TEMP TRIGGER sim_added AFTER INSERT ON main.cofila_jobs BEGIN "
    "SELECT sim_job_changed(" SIM_NO_COLUMNS
    ", " SIM_COLUMNS("NEW.") ", NEW.options, 0); END;"
                             "CREATE TEMP TRIGGER sim_changed AFTER UPDATE ON main.cofila_jobs BEGIN "
                             "SELECT sim_job_changed(" SIM_COLUMNS("OLD.") ", " SIM_COLUMNS("NEW."
                             ) ", NULL, NEW.progress <> OLD.progress); END;"
                               "CREATE TEMP TRIGGER sim_removed AFTER DELETE ON main.cofila_jobs BEGIN "
                               "SELECT sim_job_changed(" SIM_COLUMNS("OLD."
                               ) ", " SIM_NO_COLUMNS ", NULL, 0); END;"
                                 "CREATE TEMP TRIGGER sim_made AFTER INSERT ON main.cofila_queues BEGIN "
                                 "SELECT sim_queue_changed(NEW.number, NEW.name, NEW.paused, 1); END;"
                                 "CREATE TEMP TRIGGER sim_forgotten AFTER DELETE ON main.cofila_queues BEGIN "
                                 "SELECT sim_queue_changed(OLD.number, OLD.name, 0, 2); END;"
                                 "CREATE TEMP TRIGGER sim_paused AFTER UPDATE OF paused ON main.cofila_queues BEGIN "
                                 "SELECT sim_queue_changed(NEW.number, NEW.name, NEW.paused, 0); END;"
                                 "CREATE TEMP TRIGGER sim_logged AFTER INSERT ON main.cofila_logs BEGIN "
                                 "SELECT sim_log_changed(NEW.job, 1); END;"
                                 "CREATE TEMP TRIGGER sim_log_cut AFTER DELETE ON main.cofila_logs BEGIN "
                                 "SELECT sim_log_changed(OLD.job, 0); END;"
                                 "CREATE TEMP TRIGGER sim_event_log_made AFTER INSERT ON main.cofila_watched BEGIN "
                                 "SELECT sim_event_log_changed(NEW.queue, NEW.events); END;"
                                 "CREATE TEMP TRIGGER sim_event_log_set AFTER UPDATE OF events ON main.cofila_watched "
                                 "BEGIN SELECT sim_event_log_changed(NEW.queue, NEW.events); END;"
                                 "CREATE TEMP TRIGGER sim_rate_set AFTER UPDATE OF rate_max, rate_window "
                                 "ON main.cofila_queues BEGIN "
                                 "SELECT sim_rate_changed(NEW.number, NEW.rate_max, NEW.rate_window); END;";

}  // namespace

void audit(sqlite3* connection)
{
    constexpr int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
    const auto add = [&](const char* name, int count, auto* function) {
        require(
            sqlite3_create_function_v2(connection, name, count, flags, nullptr, function, nullptr, nullptr, nullptr),
            connection
        );
    };
    add("sim_job_changed", 2 * columns + 2, job_changed);
    add("sim_queue_changed", 4, queue_changed);
    add("sim_log_changed", 2, log_changed);
    add("sim_event_log_changed", 2, event_log_changed);
    add("sim_rate_changed", 3, rate_changed);
    require(sqlite3_exec(connection, triggers, nullptr, nullptr, nullptr), connection);
}

capture::capture(std::vector<row_change>& out) : before_{target}
{
    out.clear();
    target = &out;
}

capture::~capture() { target = before_; }

namespace {

/// Calls `take` with each row of the answer.
template <class Take>
void read(sqlite3* connection, const char* sql, Take take)
{
    sqlite3_stmt* query = nullptr;
    require(sqlite3_prepare_v2(connection, sql, -1, &query, nullptr), connection);
    int result = SQLITE_ROW;
    while ((result = sqlite3_step(query)) == SQLITE_ROW)
        take(result_columns{query});
    sqlite3_finalize(query);
    require(result == SQLITE_DONE ? SQLITE_OK : result, connection);
}

}  // namespace

stored_state read_state(sqlite3* connection)
{
    stored_state out;
    read(connection, "SELECT " SIM_COLUMNS("") " FROM cofila_jobs ORDER BY key", [&](const result_columns& row) {
        out.jobs.push_back(*read_row(row, 0));
    });
    read(connection, "SELECT number FROM cofila_queues WHERE paused <> 0", [&](const result_columns& row) {
        out.paused.insert(row.number(0));
    });
    constexpr const char* rates = "SELECT number, rate_max, rate_window FROM cofila_queues WHERE rate_max IS NOT NULL";
    read(connection, rates, [&](const result_columns& row) {
        out.rates[row.number(0)] = *rate_of(false, row.number(1), row.number(2));
    });
    read(connection, "SELECT job, count(*) FROM cofila_logs GROUP BY job", [&](const result_columns& row) {
        out.lines[row.number(0)] = static_cast<std::size_t>(row.number(1));
    });
    read(connection, "SELECT queue, events, last_event FROM cofila_watched", [&](const result_columns& row) {
        out.events[row.number(0)] = {
            .most = row.is_null(1) ? std::nullopt : std::optional{row.number(1)}, .last = row.number(2)
        };
    });
    constexpr const char* events =
        "SELECT queue, sequence, kind, job, was, state FROM cofila_events ORDER BY queue, sequence";
    read(connection, events, [&](const result_columns& row) {
        out.events[row.number(0)].all.push_back({
            .sequence = row.number(1),
            .what = static_cast<logged_event::kind>(row.number(2)),
            .job = row.text(3),
            .from = row.is_null(4) ? std::nullopt : std::optional{static_cast<job_state>(row.number(4))},
            .state = static_cast<job_state>(row.number(5)),
        });
    });
    return out;
}

}  // namespace cofila::sim
