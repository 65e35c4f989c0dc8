#include "trail.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include "support/job_rows.hpp"

namespace cofila::test {

namespace {

// The index finds the last claim of a job.
constexpr const char* table = R"sql(
CREATE TABLE audit (
    n INTEGER PRIMARY KEY, id TEXT, was INTEGER, now INTEGER, token TEXT, started INTEGER, made INTEGER, stalled INTEGER
);
CREATE INDEX audit_id ON audit (id, n);
)sql";

/// An entry is written when the key is put into the table of the new state: `now`, `token` and `counters` are what that
/// says. The lock that ends is that of the job's last claim, whatever becomes of its token.
std::string entry(
    const std::string& state, const std::string& now, const std::string& token, const std::string& counters
)
{
    const auto was = state == "active" ? std::string{"0"} : std::string{"NEW.was"};
    const std::string id = COFILA_TEST_JOB_ID("j.");
    return "CREATE TEMP TRIGGER audit_" + state + " AFTER INSERT ON main.cofila_" + state +
           " BEGIN INSERT INTO audit SELECT NULL, " + id + ", coalesce(" + was + ", -1), " + now + ", iif(" + was +
           " IS 2, (SELECT p.token FROM audit AS p WHERE p.id = " + id +
           " AND p.now = 2 ORDER BY p.n DESC LIMIT 1), lower(hex(" + token + "))), " + counters +
           " FROM cofila_jobs AS j WHERE j.key = NEW.key; END;";
}

std::string triggers()
{
    const std::string of_job = "j.attempts_started, j.attempts_made, j.stalled_count";
    return entry("waiting", "0", "j.token", of_job) + entry("waiting_grouped", "0", "j.token", of_job) +
           entry("delayed", "1", "j.token", of_job) +
           entry("active", "2", "NEW.token", "NEW.attempts_started, j.attempts_made, j.stalled_count") +
           entry("finished", "NEW.state", "NEW.token", "NEW.attempts_started, NEW.attempts_made, NEW.stalled_count") +
           "CREATE TEMP TRIGGER audit_remove BEFORE DELETE ON main.cofila_jobs BEGIN "
           "INSERT INTO audit SELECT NULL, id, state, -1, '', attempts_started, attempts_made, stalled_count FROM (" +
           job_rows + ") WHERE key = OLD.key; END;";
}

int follow(sqlite3* db, char**, const sqlite3_api_routines*)
{
    constexpr int patience = 10'000;
    sqlite3_busy_timeout(db, patience);
    bool found = false;
    const auto note = [](void* to, int, char**, char**) {
        *static_cast<bool*>(to) = true;
        return 0;
    };
    const int asked =
        sqlite3_exec(db, "SELECT 1 FROM sqlite_schema WHERE name = 'audit' LIMIT 1", note, &found, nullptr);
    if (asked != SQLITE_OK || !found)
        return asked;
    // Set now, since a change of it would drop the triggers.
    sqlite3_exec(db, "PRAGMA temp_store=MEMORY", nullptr, nullptr, nullptr);
    static const auto all = triggers();
    return sqlite3_exec(db, all.c_str(), nullptr, nullptr, nullptr);
}

}  // namespace

void begin_trail(const std::string& database)
{
    SQLite::Database{database, SQLite::OPEN_READWRITE}.exec(table);
    follow_trails();
}

void follow_trails() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&follow)); }

}  // namespace cofila::test
