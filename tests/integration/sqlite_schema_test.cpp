#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "domain/options_json.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/file_place.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/stored_schema.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

/// A file as it is on disk.
struct file_state {
    std::string bytes{};
    fs::file_time_type modified{};

    friend bool operator==(const file_state&, const file_state&) = default;
};

file_state state_of(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    return {.bytes = {std::istreambuf_iterator<char>{file}, {}}, .modified = fs::last_write_time(path)};
}

std::ptrdiff_t files_in(const temp_folder& folder)
{
    return std::distance(fs::directory_iterator{folder.path()}, fs::directory_iterator{});
}

mode_t mode_of(const std::string& path)
{
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777u : 0;
}

/// Opens, closes, and answers what was thrown.
thrown_error opening(sqlite::options chosen)
{
    thrown_error out;
    run_coro([&]() -> asio::awaitable<void> {
        const auto open_and_close = [](sqlite::options with) -> asio::awaitable<void> {
            const auto store = co_await open(std::move(with));
            co_await store->close();
        };
        out = co_await error_of(open_and_close(chosen));
    });
    return out;
}

/// Makes a file of an older version with one job, "old", in the queue "q".
void make_old(const std::string& path, int version)
{
    SQLite::Database db{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    db.exec("PRAGMA journal_mode=WAL; PRAGMA application_id=1668245097");
    sqlite::make_tables(db, 0, version);
    db.exec("INSERT INTO cofila_meta VALUES ('schema_version', " + std::to_string(version) + ")");
    const auto options = domain::options_to_json(domain::resolve({}, {}));
    SQLite::Statement adding{
        db,
        "INSERT INTO cofila_jobs (key, queue, id, name, state, priority, position, created_at, options, data) "
        "VALUES (1, 1, 'old', 'task', 0, 0, 1, ?1, ?2, '{}')"
    };
    adding.bind(1, static_cast<std::int64_t>(manual_clock::start.time_since_epoch() / 1ms));
    adding.bind(2, options);
    db.exec("INSERT INTO cofila_queues (number, name, tail) VALUES (1, 'q', 1000);"
            "UPDATE cofila_queues SET tail = 1000 WHERE number = 0");
    adding.exec();
}

const std::string other_application = "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)";

}  // namespace

TEST_SUITE_BEGIN("sqlite schema");

TEST_CASE("a new file is made for its owner only, in WAL mode, with our application id and no user version")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await store->add(one_job("a"));
        CHECK(mode_of(path) == 0600);
        CHECK(mode_of(path + "-wal") == 0600);
        co_await store->close();
    });
    CHECK(ask(path, "PRAGMA application_id") == 0x636F6669);
    CHECK(ask(path, "PRAGMA user_version") == 0);
    CHECK(ask(path, "PRAGMA page_size") == 4096);
    CHECK(ask(path, "SELECT count(*) FROM pragma_journal_mode() WHERE journal_mode = 'wal'") == 1);
    CHECK(
        ask(path, "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'cofila_%' AND name NOT LIKE 'sqlite_%'") == 0
    );
}

TEST_CASE("a file that was closed stands alone, and opens again with its jobs")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await store->add(one_job("a"));
        co_await store->close();
    });
    CHECK(files_in(folder) == 1);
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const auto job = co_await store->get("q", "a");
        CHECK(job.has_value());
        co_await store->close();
    });
}

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

namespace {

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

TEST_CASE("a newer schema is refused untouched, and both versions are named")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    opening({.path = path});
    execute(path, "UPDATE cofila_meta SET value = 77 WHERE key = 'schema_version'");
    const auto before = state_of(path);
    const auto refused = opening({.path = path});
    CHECK(refused.code == errc::storage_newer);
    CHECK(refused.text.find("77") != std::string::npos);
    CHECK(refused.text.find("up to 5") != std::string::npos);
    CHECK((state_of(path) == before));
    CHECK(files_in(folder) == 1);
}

TEST_CASE("a file of version 3 is brought forward with its jobs, and has a log of events and metrics then")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old(path, 3);
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const auto log = co_await store->event_log_of("q", "");
        CHECK(log == event_log_state{});
        co_await store->set("q", event_log{.events = 5});
        co_await store->set("q", metrics_log{.minutes = 5});
        (void)co_await store->change("q", "old", removal{}, manual_clock::start);
        const auto events = co_await store->events_after("q", 0, 10);
        REQUIRE(events.size() == 1);
        CHECK(events[0].what == logged_event::kind::removed);
        co_await store->close();
    });
    CHECK(ask(path, "SELECT value FROM cofila_meta WHERE key = 'schema_version'") == 5);
}

TEST_CASE("the triggers of the event log and the metrics are there while a queue wants them, and no longer")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const auto triggers = [&] {
        return ask(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name <> 'cofila_inbox_insert'");
    };
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        CHECK(triggers() == 0);
        co_await store->set("q", event_log{.events = 5});
        CHECK(triggers() == 9);
        co_await store->set("other", metrics_log{.minutes = 5});
        co_await store->set("q", event_log{});
        CHECK(triggers() == 9);
        co_await store->reset_queue("other");
        CHECK(triggers() == 0);
        co_await store->close();
    });
}

TEST_CASE("a file of version 2 is brought forward with its jobs, and has limits, groups and deduplication then")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old(path, 2);
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const auto settings = co_await store->settings("q");
        CHECK(settings == queue_settings{});
        const auto old = co_await store->get("q", "old");
        REQUIRE(old);
        CHECK(old->damage.empty());
        CHECK_FALSE(old->holds_dedup);
        CHECK(old->kept_for == 0);
        co_await store->set("q", group_options{.concurrency = 1, .rate = rate_limit{}});
        const job_options unique{.dedup = deduplication{.id = "d"}, .group = "g"};
        co_await store->add({some_job("new", "{}", unique)});
        const auto rows = (co_await store->add({some_job("newer", "{}", unique)})).rows;
        CHECK(rows.at(0).deduplicated_by == job_id{"new"});
        settle_and_claim_request request{.now = manual_clock::start};
        request.claim =
            claim_order{.queue = "q", .tokens = {{.low = 1}, {.low = 2}}, .worker = "w", .lock_duration = 30s};
        const auto answer = co_await store->settle_and_claim(std::move(request));
        CHECK(answer.claimed.size() == 2);
        co_await store->close();
    });
    CHECK(ask(path, "SELECT value FROM cofila_meta WHERE key = 'schema_version'") == 5);
}

TEST_CASE("a file of version 1 is brought forward with its jobs, which are as they were")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old(path, 1);
    execute(path, "UPDATE cofila_queues SET paused = 1 WHERE name = 'q'");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const bool paused = co_await store->is_paused("q");
        CHECK(paused);
        const auto old = co_await store->get("q", "old");
        REQUIRE(old);
        CHECK(old->damage.empty());
        CHECK(old->state == job_state::waiting);
        CHECK(old->deferrals == 0);
        CHECK_FALSE(old->expires_at);
        CHECK_FALSE(old->cancelled);
        CHECK(old->options->max_deferrals == 1000);
        const auto cancelled = co_await store->change("q", "old", cancellation{.why = "x"}, manual_clock::start);
        CHECK(cancelled.done());
        co_await store->add({some_job("new", "{}", {.ttl = 1ms})});
        const auto swept = co_await store->sweep({.now = manual_clock::start + 1h});
        CHECK(swept.news.size() == 1);
        co_await store->close();
    });
    CHECK(ask(path, "SELECT value FROM cofila_meta WHERE key = 'schema_version'") == 5);
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

TEST_CASE("what is no path of a database file is refused with a reason")
{
    const temp_folder folder;
    std::ofstream{folder.file("notes.txt")} << std::string(5000, 'n');
    struct refusal {
        std::string path;
        errc code;
        std::string text;
    };
    const refusal refusals[] = {
        {"", errc::invalid_argument, "must name a file"},
        {":memory:", errc::invalid_argument, "memory_repository()"},
        {"file:jobs.db?mode=memory", errc::invalid_argument, "must be a path"},
        {std::string{"a\0b", 3}, errc::invalid_argument, "must name a file"},
        {folder.path().string(), errc::storage_readonly, "no regular file"},
        {folder.file("missing/jobs.db"), errc::storage_readonly, "folder"},
        {folder.file("notes.txt"), errc::storage_corrupt, "no database"},
    };
    for (const auto& r : refusals) {
        INFO(r.path);
        const auto refused = opening({.path = r.path});
        CHECK(refused.code == r.code);
        INFO(refused.text);
        CHECK(refused.text.find(r.text) != std::string::npos);
        CHECK(refused.field == (r.code == errc::invalid_argument ? "database" : ""));
    }
}

TEST_CASE("a path through a link leads to the file behind it")
{
    const temp_folder folder;
    fs::create_directory(folder.file("data"));
    opening({.path = folder.file("data/jobs.db")});
    fs::create_symlink(folder.file("data/jobs.db"), folder.file("link.db"));
    CHECK(sqlite::resolved_path(folder.file("link.db")) == fs::canonical(folder.file("data/jobs.db")).string());
    const auto opened = opening({.path = folder.file("link.db")});
    CHECK_FALSE(opened.code);
}

TEST_CASE("F06: a file whose maker died in the middle of its first write opens: what it had begun is undone")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    {
        const auto dying = folder.file("dying.db");
        SQLite::Database db{dying, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
        db.exec("PRAGMA cache_size=1; BEGIN; CREATE TABLE begun (a)");
        for (int row = 0; row < 100; ++row)
            db.exec("INSERT INTO begun VALUES (zeroblob(2000))");
        fs::copy_file(dying, path);
        fs::copy_file(dying + "-journal", path + "-journal");
    }
    REQUIRE(fs::file_size(path) > 0);
    CHECK_FALSE(opening({.path = path}).code);
    CHECK(ask(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'begun'") == 0);
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == 0);
}

TEST_CASE("a new file may be opened by several at once")
{
    for (int round = 0; round < 10; ++round) {
        const temp_folder folder;
        const auto path = folder.file("jobs.db");
        thrown_error failures[4];
        {
            std::vector<std::jthread> openers;
            for (auto& failure : failures)
                openers.emplace_back([&failure, path] {
                    const auto options = [&] {
                        auto chosen = connecting(path);
                        chosen.clock = system_clock();
                        chosen.operation_deadline = 30s;
                        return chosen;
                    }();
                    failure = error_of([&] {
                        writing_runner runner{options, false};
                        run_one(runner, [](sqlite::session& tx) { tx.find_or_make_queue("q"); });
                    });
                });
        }
        for (const auto& failure : failures)
            CHECK_MESSAGE(!failure.code, failure.text);
        CHECK(ask(path, "SELECT count(*) FROM cofila_queues WHERE name = 'q'") == 1);
    }
}

TEST_SUITE_END();
