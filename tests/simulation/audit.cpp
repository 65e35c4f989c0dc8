#include "audit.hpp"

#include <SQLiteCpp/Exception.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "audit_triggers.hpp"
#include "support/job_rows.hpp"

namespace cofila::sim {

namespace {

capture* target = nullptr;

constexpr int columns = 15;

/// Reads a row from anything that has numbered values.
template <class Values>
std::optional<job_row> read_row(Values&& values, int first)
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

/// Reads the row of a job before something of it changes for the first time.
void job_touched(sqlite3_context* context, int, sqlite3_value** values)
{
    static const auto sql = test::with_jobs("SELECT " SIM_COLUMNS " FROM jobs WHERE key = ?1 AND state IS NOT NULL");
    const auto key = arguments{values}.number(0);
    if (!target || target->knows(key))
        return;
    try {
        auto row = static_cast<sqlite::session*>(sqlite3_user_data(context))->sql().query(sql.c_str(), key);
        if (row.step())
            target->see(*read_row(row, 0));
    } catch (const SQLite::Exception& e) {
        sqlite3_result_error_code(context, e.getExtendedErrorCode());
    }
}

void job_added(sqlite3_context*, int, sqlite3_value** values)
{
    if (target)
        target->forget(arguments{values}.number(0));
}

void job_moved(sqlite3_context*, int, sqlite3_value** values)
{
    const arguments from{values};
    if (target)
        target->move(*read_row(from, 0), from.text(columns));
}

void job_progressed(sqlite3_context*, int, sqlite3_value** values)
{
    const arguments from{values};
    if (target)
        target->note_progress(from.number(0), from.number(1) != 0);
}

void token_taken(sqlite3_context*, int, sqlite3_value** values)
{
    if (target)
        target->take_token(arguments{values}.number(0));
}

void job_removed(sqlite3_context*, int, sqlite3_value** values)
{
    if (target)
        target->remove(arguments{values}.number(0));
}

void queue_changed(sqlite3_context*, int, sqlite3_value** values)
{
    if (!target)
        return;
    const arguments from{values};
    target->note({
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
    target->note({.log_of = from.number(0), .written = from.number(1) != 0});
}

void event_log_changed(sqlite3_context*, int, sqlite3_value** values)
{
    if (!target)
        return;
    const arguments from{values};
    target->note({
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
    target->note({.paced = from.number(0), .rate = rate_of(from.is_null(1), from.number(1), from.number(2))});
}

void require(int result, sqlite3* connection)
{
    if (result != SQLITE_OK)
        throw SQLite::Exception{connection, result};
}

}  // namespace

void audit(sqlite::session& tx)
{
    auto* const connection = tx.link().handle();
    constexpr int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS;
    const auto add = [&](const char* name, int count, auto* function) {
        require(
            sqlite3_create_function_v2(connection, name, count, flags, &tx, function, nullptr, nullptr, nullptr),
            connection
        );
    };
    add("sim_job_touched", 1, job_touched);
    add("sim_job_added", 1, job_added);
    add("sim_job_moved", columns + 1, job_moved);
    add("sim_job_progressed", 2, job_progressed);
    add("sim_token_taken", 1, token_taken);
    add("sim_job_removed", 1, job_removed);
    add("sim_queue_changed", 4, queue_changed);
    add("sim_log_changed", 2, log_changed);
    add("sim_event_log_changed", 2, event_log_changed);
    add("sim_rate_changed", 3, rate_changed);
    require(sqlite3_exec(connection, audit_triggers().c_str(), nullptr, nullptr, nullptr), connection);
}

capture::capture(std::vector<row_change>& out) : out_{out}, before_{target}
{
    out_.clear();
    target = this;
}

capture::~capture() { target = before_; }

bool capture::knows(std::int64_t key) const { return known_.contains(key); }

void capture::see(const job_row& row) { known_.emplace(row.key, row); }

void capture::forget(std::int64_t key) { known_.erase(key); }

void capture::note(row_change change) { out_.push_back(std::move(change)); }

void capture::move(const job_row& after, std::string options)
{
    const auto before = known_.find(after.key);
    if (before == known_.end())
        note({.after = after, .options = std::move(options)});
    else
        note({.before = before->second, .after = after});
    known_.insert_or_assign(after.key, after);
}

void capture::note_progress(std::int64_t key, bool other)
{
    if (const auto job = known_.find(key); job != known_.end())
        note({.before = job->second, .after = job->second, .progressed = other});
}

/// One that ends a lock writes the token too: then the job is about to move, and this is a part of it.
void capture::take_token(std::int64_t key)
{
    const auto job = known_.find(key);
    if (job == known_.end() || (job->second.state != job_state::waiting && job->second.state != job_state::delayed))
        return;
    auto after = job->second;
    after.token.clear();
    move(after, {});
}

void capture::remove(std::int64_t key)
{
    if (auto job = known_.extract(key))
        note({.before = std::move(job.mapped())});
}

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
    static const auto jobs = test::with_jobs("SELECT " SIM_COLUMNS " FROM jobs ORDER BY key");
    read(connection, jobs.c_str(), [&](const result_columns& row) { out.jobs.push_back(*read_row(row, 0)); });
    static const auto misplaced = test::jobs_out_of_place();
    read(connection, misplaced.c_str(), [&](const result_columns& row) { out.misplaced = row.number(0); });
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
