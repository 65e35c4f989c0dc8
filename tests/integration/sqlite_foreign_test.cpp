// What others have made: databases of other applications, and objects among our tables.
#include <filesystem>

#include "integration/file_state.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/stored_schema.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("sqlite schema");

namespace {

const std::string other_application = "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)";

/// The SQL that another program runs on a file of ours, and the name of the object that is refused.
struct intrusion {
    const char* sql;
    const char* name;
    errc code = errc::storage_foreign;
};

const intrusion intrusions[] = {
    {"CREATE TRIGGER slow AFTER INSERT ON cofila_jobs BEGIN $endless; END", "slow"},
    {"CREATE TRIGGER slow AFTER UPDATE ON cofila_meta BEGIN $endless; END", "slow"},
    {"CREATE TRIGGER cofila_log_waiting AFTER INSERT ON cofila_waiting BEGIN $endless; END",
     "cofila_log_waiting",
     errc::storage_corrupt},
    {"CREATE TRIGGER more INSTEAD OF INSERT ON cofila_inbox BEGIN $endless; END", "more"},
    {"DROP TRIGGER cofila_inbox_insert", "cofila_inbox_insert", errc::storage_corrupt},
    {"DROP VIEW cofila_v_jobs; CREATE VIEW cofila_v_jobs AS $endless", "cofila_v_jobs", errc::storage_corrupt},
    {"CREATE VIEW COFILA_more AS $endless", "COFILA_more"},
    {"ALTER TABLE cofila_logs RENAME TO gone; CREATE VIEW cofila_logs AS $endless", "cofila_logs", errc::storage_corrupt
    },
    {"DROP TABLE cofila_meta; CREATE VIEW cofila_meta (key, value) AS SELECT 'schema_version', ($endless)",
     "cofila_active"},  // not one of them is ours without a version
    {"DROP TABLE cofila_logs; CREATE VIRTUAL TABLE cofila_logs USING fts5 (job, sequence, at, line)",
     "cofila_logs_config"},
    {"ALTER TABLE cofila_jobs ADD COLUMN long TEXT AS (hex(zeroblob(1000000)))", "cofila_jobs", errc::storage_corrupt},
    {"CREATE UNIQUE INDEX one_name ON cofila_jobs (name)", "one_name"},
    {"DROP INDEX cofila_finished_order", "cofila_finished_order", errc::storage_corrupt},
    {"DROP TABLE cofila_logs", "cofila_logs", errc::storage_corrupt},
};

std::string with_endless(std::string sql)
{
    if (const auto at = sql.find("$endless"); at != std::string::npos)
        sql.replace(at, 8, endless);
    return sql;
}

}  // namespace

TEST_CASE("a database of another application is refused untouched")
{
    for (const std::string mode : {"PRAGMA journal_mode=DELETE;", "PRAGMA journal_mode=WAL;"}) {
        for (const std::string& marks :
             {other_application, std::string{"PRAGMA user_version=7"}, std::string{"PRAGMA application_id=7"}}) {
            INFO(mode, marks);
            const temp_folder folder;
            const auto path = folder.file("theirs.db");
            execute(path, mode + marks);
            const auto before = state_of(path);
            const auto refused = opening({.path = path});
            CHECK(refused.code == errc::storage_foreign);
            CHECK(refused.text.find("embed") != std::string::npos);
            CHECK((state_of(path) == before));
            CHECK(files_in(folder) == 1);
        }
    }
}

TEST_CASE(
    "a database of another application is refused even if its tables are only in its log, and whatever its path is"
)
{
    const temp_folder folder;
    for (const auto* name : {"theirs.db", "a%b?c#d \xFF.db"}) {
        const auto path = folder.file(name);
        SQLite::Database theirs{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
        theirs.exec("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;" + other_application);
        const auto before = fs::last_write_time(path);
        CHECK(opening({.path = path}).code == errc::storage_foreign);
        CHECK(fs::last_write_time(path) == before);
        theirs.exec("PRAGMA wal_checkpoint(TRUNCATE)");
        CHECK(opening({.path = path}).code == errc::storage_foreign);
    }
}

TEST_CASE("a database that keeps its texts as UTF-16 is refused with a reason, and left alone")
{
    for (const std::string encoding : {"UTF-16le", "UTF-16be"}) {
        const temp_folder folder;
        const auto path = folder.file("theirs.db");
        execute(path, "PRAGMA encoding='" + encoding + "'; PRAGMA journal_mode=WAL;" + other_application);
        const auto before = state_of(path);
        const auto refused = opening({.path = path, .embed = true});
        CHECK(refused.code == errc::storage_foreign);
        CHECK(refused.text.find(encoding) != std::string::npos);
        CHECK((state_of(path) == before));
        CHECK(files_in(folder) == 1);
    }
}

TEST_CASE("what others have put among our tables is refused by its name, and so is a table that is missing or different"
)
{
    for (const auto& [sql, name, code] : intrusions) {
        INFO(std::string{sql});
        const temp_folder folder;
        const auto path = folder.file("jobs.db");
        opening({.path = path});
        execute(path, with_endless(sql));
        const auto before = state_of(path);
        const auto refused = opening({.path = path, .embed = true});
        INFO(refused.text);
        CHECK(refused.code == code);
        CHECK(refused.text.find("'" + std::string{name} + "'") != std::string::npos);
        CHECK((state_of(path) == before));
        CHECK(files_in(folder) == 1);
    }
}

TEST_CASE(
    "a trigger that another program adds to an open file is noticed before it can run, and forgotten when it is gone"
)
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await add_as(store, "before");
        (void)co_await store->counts("q");
        execute(path, with_endless("CREATE TRIGGER slow AFTER INSERT ON cofila_jobs BEGIN $endless; END"));
        const auto add = co_await error_of(add_as(store, "after"));
        const auto count = co_await error_of(store->counts("q"));
        for (const auto* refused : {&add, &count}) {
            CHECK(refused->code == errc::storage_foreign);
            CHECK(refused->text.find("'slow'") != std::string::npos);
        }
        execute(path, "DROP TRIGGER slow");
        co_await add_as(store, "after");
        co_await store->close();
    });
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == 2);
}

TEST_CASE("a table is known however SQLite has written it down")
{
    CHECK(
        sqlite::bare_sql("CREATE TABLE a (\n    b TEXT NOT NULL, -- 'c'\n  c INTEGER /* d */ )  STRICT") ==
        "CREATE TABLE a(b TEXT NOT NULL,c INTEGER)STRICT"
    );
    CHECK(sqlite::bare_sql("a  DEFAULT 'it''s -- b'") == "a DEFAULT'it''s -- b'");
    CHECK(sqlite::bare_sql("[a -- b] \"c /* d\" `e`") == "[a -- b]\"c /* d\"`e`");
    CHECK(sqlite::bare_sql("a -- b") == "a");
    CHECK(sqlite::bare_sql("a /* b") == "a");
    CHECK(sqlite::bare_sql("a 'b") == "a'b");
}

TEST_CASE("with embed our tables are made beside those of another application")
{
    const temp_folder folder;
    const auto path = folder.file("theirs.db");
    execute(path, "PRAGMA user_version=7; PRAGMA application_id=9;" + other_application);
    const auto opened = opening({.path = path, .embed = true});
    CHECK_FALSE(opened.code);
    CHECK(ask(path, "SELECT count(*) FROM theirs") == 1);
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == 0);
    CHECK(ask(path, "PRAGMA user_version") == 7);
    CHECK(ask(path, "PRAGMA application_id") == 9);
    const auto again = opening({.path = path});
    CHECK_FALSE(again.code);
}

TEST_SUITE_END();
