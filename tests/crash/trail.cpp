#include "trail.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

namespace cofila::test {

namespace {

constexpr const char* table = R"sql(
CREATE TABLE audit (
    n INTEGER PRIMARY KEY, id TEXT, was INTEGER, now INTEGER, token TEXT, started INTEGER, made INTEGER, stalled INTEGER
);
)sql";

constexpr const char* triggers = R"sql(
CREATE TEMP TRIGGER audit_add AFTER INSERT ON main.cofila_jobs BEGIN
    INSERT INTO audit VALUES (NULL, NEW.id, -1, NEW.state, '', 0, 0, 0);
END;
CREATE TEMP TRIGGER audit_move AFTER UPDATE OF state ON main.cofila_jobs BEGIN
    INSERT INTO audit VALUES (NULL, NEW.id, OLD.state, NEW.state, iif(OLD.state = 2, OLD.token, NEW.token),
        NEW.attempts_started, NEW.attempts_made, NEW.stalled_count);
END;
CREATE TEMP TRIGGER audit_remove AFTER DELETE ON main.cofila_jobs BEGIN
    INSERT INTO audit VALUES (NULL, OLD.id, OLD.state, -1, '', OLD.attempts_started, OLD.attempts_made,
        OLD.stalled_count);
END;
)sql";

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
    return sqlite3_exec(db, triggers, nullptr, nullptr, nullptr);
}

}  // namespace

void begin_trail(const std::string& database)
{
    SQLite::Database{database, SQLite::OPEN_READWRITE}.exec(table);
    follow_trails();
}

void follow_trails() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&follow)); }

}  // namespace cofila::test
