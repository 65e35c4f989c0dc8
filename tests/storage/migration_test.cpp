// Files of every earlier schema version become files of this one, with all that was in them.
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "integration/sqlite_support.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/stored_schema.hpp"
#include "sqlite/triggers.hpp"
#include "storage/old_file.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

namespace {

/// What the jobs of an older file are, as version 4 has them, or that version itself if it is newer.
std::vector<std::string> jobs_before(const std::string& path, int version)
{
    const temp_folder folder;
    const auto copy = folder.file("copy.db");
    fs::copy_file(path, copy);
    SQLite::Database db{copy, SQLite::OPEN_READWRITE};
    if (version > 4)
        return jobs_of_5(db);
    sqlite::make_tables(db, version, 4);
    return jobs_of_4(db);
}

/// As an engine does when it opens the file.
void migrate_file(const std::string& path)
{
    sqlite::check_file(connecting(path), false);
    sqlite::connection link{connecting(path)};
    sqlite::migrate(link, false);
}

void check_same(const std::vector<std::string>& found, const std::vector<std::string>& expected)
{
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i)
        if (found[i] != expected[i]) {
            CHECK(found[i] == expected[i]);
            return;
        }
}

/// Each key is in the table of one state, and rows beside it belong to a job.
void check_whole(SQLite::Database& db)
{
    CHECK(
        ask(db,
            "SELECT count(*) FROM (SELECT key FROM cofila_waiting UNION ALL SELECT key FROM cofila_waiting_grouped "
            "UNION ALL SELECT key FROM cofila_delayed UNION ALL SELECT key FROM cofila_active "
            "UNION ALL SELECT key FROM cofila_finished)") == ask(db, "SELECT count(*) FROM cofila_jobs")
    );
    CHECK(ask(db, "SELECT count(*) FROM cofila_rare") == ask(db, "SELECT count(*) FROM cofila_jobs WHERE rare = 1"));
    CHECK(
        ask(db,
            "SELECT count(*) FROM cofila_jobs AS j LEFT JOIN cofila_rare AS r ON r.job = j.key "
            "WHERE (j.options IS NULL) <> (r.options IS NOT NULL)") == 0
    );
    CHECK(ask(db, "SELECT count(*) FROM cofila_jobs WHERE (id IS NULL) = (random IS NULL)") == 0);
    CHECK(ask(db, "SELECT count(*) FROM cofila_options WHERE text LIKE '%\"group\"%' OR NOT json_valid(text)") == 0);
    CHECK(ask(db, "SELECT count(*) FROM cofila_active WHERE length(token) <> 16") == 0);
    CHECK(ask(db, "SELECT count(*) FROM cofila_v_jobs") == ask(db, "SELECT count(*) FROM cofila_jobs"));
    CHECK(ask(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0);
    sqlite::check_objects(db, sqlite::current_version, "migrated");
}

std::int64_t observing(SQLite::Database& db)
{
    return ask(db, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name <> 'cofila_inbox_insert'");
}

/// How much more memory SQLite has used at any time of this.
std::int64_t memory_of(const std::function<void()>& what)
{
    sqlite3_memory_highwater(1);
    const auto before = sqlite3_memory_used();
    what();
    return sqlite3_memory_highwater(0) - before;
}

}  // namespace

TEST_SUITE_BEGIN("migration");

TEST_CASE("a file that was migrated has the same objects as a new one")
{
    SQLite::Database db{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    sqlite::migrate_tables(db, 0, sqlite::current_version);
    CHECK_NOTHROW(sqlite::check_objects(db, sqlite::current_version, "migrated"));
}

TEST_CASE("a file that a program of an earlier schema version left is migrated with each of its jobs")
{
    for (const int version : {1, 2, 3, 4, 5}) {
        INFO(version);
        const temp_folder folder;
        const auto path = copy_of_old_file(folder.path().string(), version);
        const auto before = jobs_before(path, version);
        CHECK(before.size() >= 20);
        migrate_file(path);
        SQLite::Database db{path, SQLite::OPEN_READWRITE};
        CHECK(ask(db, "SELECT value FROM cofila_meta WHERE key = 'schema_version'") == sqlite::current_version);
        check_same(jobs_of_5(db), before);
        check_whole(db);
        CHECK(ask(db, "SELECT count(*) FROM cofila_queues WHERE name = 'paused queue' AND paused = 1") == 1);
        CHECK(ask(db, "SELECT count(*) FROM cofila_workers") == 1);
        CHECK(ask(db, "SELECT count(*) FROM cofila_attempts") == ask(db, "SELECT count(*) FROM cofila_logs"));
        CHECK(observing(db) == (version >= 4 ? 9 : 0));
    }
}

TEST_CASE("the groups of a migrated file keep the order of their turns, and only those that may run have a next job")
{
    const temp_folder folder;
    const auto path = copy_of_old_file(folder.path().string(), 4);
    migrate_file(path);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    SQLite::Statement group{db, "SELECT name, served, position FROM cofila_groups ORDER BY served, name"};
    std::string found;
    while (group.executeStep())
        found += "'" + group.getColumn(0).getString() + "' " + group.getColumn(1).getString() + ' ' +
                 (group.isColumnNull(2) ? "-" : "waits") + "; ";
    // g1 has as many active jobs as it may; a started job of g3 is delayed, and the order is to be kept
    CHECK(found == "'g3' 0 -; '' 1 -; 'g2' 2 waits; 'gone' 3 -; 'g1' 4 -; ");
    CHECK(ask(db, "SELECT count(*) FROM cofila_claim_log") == 1);
}

TEST_CASE("the event log and the metrics of a file go on after its migration, which they do not report")
{
    const temp_folder folder;
    const auto path = copy_of_old_file(folder.path().string(), 4);
    const auto events = ask(path, "SELECT last_event FROM cofila_watched");
    CHECK(events > 0);
    migrate_file(path);
    CHECK(ask(path, "SELECT last_event FROM cofila_watched") == events);
    CHECK(ask(path, "SELECT count(*) FROM cofila_events") == events);
    CHECK(ask(path, "SELECT place FROM cofila_cursors") == 1);
    CHECK(ask(path, "SELECT jobs FROM cofila_metrics") == 3);
    execute(path, "UPDATE cofila_jobs SET progress = '1' WHERE id = 'active'");
    CHECK(ask(path, "SELECT last_event FROM cofila_watched") == events + 1);
}

TEST_CASE("a file of version 4 may have the triggers of its version, but not those of this one")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old_file(path, 4);
    execute(path, sqlite::observing_triggers(5)[6]);  // on cofila_jobs, of the same name as one of version 4
    CHECK(error_of([&] { migrate_file(path); }).code == errc::storage_corrupt);
    execute(path, "DROP TRIGGER cofila_log_progress;" + sqlite::observing_triggers(4)[2]);
    migrate_file(path);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    CHECK(observing(db) == 0);  // no queue is watched
}

TEST_CASE("20,000 jobs of all kinds are migrated as they are, in bounded memory; a million in a long campaign")
{
    const int jobs = std::getenv("COFILA_SOAK") ? 1'000'000 : 20'000;
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old_file(path, 4);
    fill_old_file(path, jobs);
    const auto before = jobs_before(path, 4);
    const auto used = memory_of([&] { migrate_file(path); });
    MESSAGE(jobs, " jobs, ", used / 1024, " KiB");
    CHECK(used < 8 << 20);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    check_same(jobs_of_5(db), before);
    check_whole(db);
    CHECK(ask(db, "SELECT count(*) FROM cofila_options") == 17);
    CHECK(observing(db) == 0);
}

TEST_CASE("at most 1000 texts of options are shared; the options of further jobs stay with them")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old_file(path, 4);
    fill_old_file(path, 1'500);
    execute(path, "UPDATE cofila_jobs SET options = '{\"attempts\":' || key || '}'");
    const auto before = jobs_before(path, 4);
    migrate_file(path);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    CHECK(ask(db, "SELECT count(*) FROM cofila_options") == 1000);
    check_same(jobs_of_5(db), before);
    check_whole(db);
}

TEST_CASE("jobs whose ids are no longer unique get generated ones, and all but one lose a deduplication id they share")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old_file(path, 4);
    fill_old_file(path, 2'500);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    db.exec("DROP INDEX cofila_jobs_id; DROP INDEX cofila_jobs_dedup;"
            "UPDATE cofila_jobs SET queue = 1, id = 'same', dedup_id = 'same';"
            "CREATE INDEX cofila_jobs_id ON cofila_jobs (queue); CREATE INDEX cofila_jobs_dedup ON cofila_jobs (queue);"
            "BEGIN");
    sqlite::make_tables(db, 4, sqlite::current_version);
    db.exec("COMMIT");
    CHECK(ask(db, "SELECT count(*) FROM cofila_jobs") == 2'500);
    CHECK(ask(db, "SELECT count(id) FROM cofila_jobs") == 1);
    CHECK(ask(db, "SELECT count(DISTINCT random) FROM cofila_jobs") == 2'499);
    CHECK(ask(db, "SELECT count(dedup_id) FROM cofila_rare") == 1);
    check_whole(db);
}

TEST_CASE("broken views and triggers of the application in the same file do not stand in the way")
{
    const temp_folder folder;
    const auto path = copy_of_old_file(folder.path().string(), 3);
    const auto before = jobs_before(path, 3);
    execute(
        path,
        "CREATE TABLE theirs (a); CREATE VIEW broken AS SELECT * FROM nowhere; "
        "CREATE VIEW reading AS SELECT id FROM cofila_jobs; "
        "CREATE TRIGGER on_theirs AFTER INSERT ON theirs BEGIN DELETE FROM nowhere; END"
    );
    migrate_file(path);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    check_same(jobs_of_5(db), before);
    CHECK(ask(db, "SELECT count(*) FROM reading") == ask(db, "SELECT count(id) FROM cofila_jobs"));
}

TEST_CASE("a migration that fails leaves the file and the settings of the connection as they were")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old_file(path, 4);
    fill_old_file(path, 3'000);
    const auto before = jobs_before(path, 4);
    for (const auto* secure : {"OFF", "ON", "FAST"}) {
        sqlite::connection link{connecting(path)};
        auto& db = link.db();
        db.exec(std::string{"PRAGMA secure_delete="} + secure);
        const auto was = ask(db, "PRAGMA secure_delete");
        db.exec("PRAGMA max_page_count=" + std::to_string(ask(db, "PRAGMA page_count")));
        db.exec("PRAGMA cache_size=10");
        const auto failed = [&] {
            try {
                sqlite::migrate(link, false);
            } catch (const SQLite::Exception& e) {
                return e.getErrorCode();
            }
            return SQLITE_OK;
        }();
        CHECK(failed == SQLITE_FULL);
        CHECK(ask(db, "PRAGMA secure_delete") == was);
        int legacy = -1;
        sqlite3_db_config(link.handle(), SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, -1, &legacy);
        CHECK(legacy == 0);
        check_same(jobs_of_4(db), before);
        sqlite::check_objects(db, 4, path);
    }
    migrate_file(path);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    check_same(jobs_of_5(db), before);
}

TEST_CASE("the triggers of this version are those that its migration makes, and dropping them leaves none")
{
    const temp_folder folder;
    const auto path = copy_of_old_file(folder.path().string(), 4);
    migrate_file(path);
    SQLite::Database db{path, SQLite::OPEN_READWRITE};
    CHECK(observing(db) == static_cast<std::int64_t>(sqlite::observing_triggers().size()));
    CHECK(sqlite::dropping_of_triggers().size() == sqlite::observing_triggers().size());
    db.exec("UPDATE cofila_watched SET events = NULL, minutes = NULL");
    sqlite::adjust_triggers(db);
    CHECK(observing(db) == 0);
    db.exec("UPDATE cofila_watched SET minutes = 5");
    sqlite::adjust_triggers(db);
    sqlite::check_objects(db, sqlite::current_version, path);
    CHECK(observing(db) == 9);
}

TEST_SUITE_END();
