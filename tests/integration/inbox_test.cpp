// Programs without this library add jobs through cofila_inbox, and people look at them in cofila_v_jobs.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "integration/shared_file.hpp"
#include "integration/work_off.hpp"
#include "support/child_process.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

namespace {

/// Makes the tables, as the first start of a worker does.
void make_tables_in(const shared_file& file)
{
    file.with_engine([](engine&) -> asio::awaitable<void> { co_return; });
}

std::string text_of(SQLite::Database& db, const std::string& sql) { return db.execAndGet(sql).getString(); }

/// What the database says to a row that it refuses.
std::string refusal_of(SQLite::Database& db, const std::string& values)
{
    try {
        db.exec("INSERT INTO cofila_inbox (queue, name, data, delay_ms, priority, attempts) VALUES (" + values + ")");
    } catch (const SQLite::Exception& e) {
        return e.what();
    }
    return "";
}

bool is_installed(const std::string& program)
{
    return std::system(("command -v " + program + " >/dev/null 2>&1").c_str()) == 0;
}

}  // namespace

TEST_SUITE_BEGIN("inbox");

TEST_CASE("a row of cofila_inbox is a job: a view shows it, and a worker gets it")
{
    const shared_file file;
    make_tables_in(file);
    {
        SQLite::Database db{file.path, SQLite::OPEN_READWRITE};
        db.exec("INSERT INTO cofila_inbox (queue, name, data) VALUES ('texts', 'greet', '\"ada\"')");
        CHECK(text_of(db, "SELECT state FROM cofila_v_jobs WHERE queue = 'texts' AND name = 'greet'") == "waiting");
        CHECK(text_of(db, "SELECT data FROM cofila_v_jobs") == "\"ada\"");
        CHECK(text_of(db, "SELECT attempts FROM cofila_v_jobs") == "1");
        CHECK(text_of(db, "SELECT waiting FROM cofila_v_queues WHERE name = 'texts'") == "1");
    }
    CHECK(work_off(file) == std::vector<std::string>{"greet ada"});
    SQLite::Database db{file.path, SQLite::OPEN_READWRITE};
    CHECK(text_of(db, "SELECT state FROM cofila_v_jobs") == "completed");
    CHECK(text_of(db, "SELECT result FROM cofila_v_jobs") == "\"done\"");
    CHECK(text_of(db, "SELECT completed FROM cofila_v_queues WHERE name = 'texts'") == "1");
}

TEST_CASE("jobs of the inbox run in the order of their priorities and of adding, among those of the library")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("first", "0");
        SQLite::Database db{file.path, SQLite::OPEN_READWRITE};
        db.exec("INSERT INTO cofila_inbox (queue, name, data, priority) VALUES ('texts', 'last', '\"1\"', 5)");
        db.exec("INSERT INTO cofila_inbox (queue, name, data) VALUES ('texts', 'second', '\"2\"')");
        co_await queue.add("third", "3");
    });
    CHECK(work_off(file) == std::vector<std::string>{"first 0", "second 2", "third 3", "last 1"});
}

TEST_CASE("a delay, a priority and attempts may be given, and data of any length")
{
    const shared_file file;
    make_tables_in(file);
    SQLite::Database db{file.path, SQLite::OPEN_READWRITE};
    db.exec("INSERT INTO cofila_inbox VALUES ('texts', 'later', '\"x\"', 3600000, 7, 3)");
    db.exec("INSERT INTO cofila_inbox (queue, name, data) SELECT 'texts', 'long', '\"' || hex(zeroblob(5000)) || '\"'");
    CHECK(text_of(db, "SELECT state || priority || attempts FROM cofila_v_jobs WHERE name = 'later'") == "delayed73");
    CHECK(text_of(db, "SELECT run_at > created_at FROM cofila_v_jobs WHERE name = 'later'") == "1");
    CHECK(text_of(db, "SELECT length(data) FROM cofila_v_jobs WHERE name = 'long'") == "10002");
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        const auto page = co_await queue.get_jobs({.state = job_state::delayed});
        REQUIRE(page.items.size() == 1);
        CHECK(page.items[0].options().attempts == 3);
        CHECK(page.items[0].options().priority == 7);
        const auto same = co_await queue.get_job(page.items[0].id());
        REQUIRE(same);
        CHECK(same->name() == "later");
    });
}

TEST_CASE("a row of the inbox is a part of the transaction in which it is inserted")
{
    const shared_file file;
    make_tables_in(file);
    app_connection mine{file.path};
    {
        app_transaction both{mine};
        mine.db.exec("INSERT INTO effects VALUES ('a')");
        mine.db.exec("INSERT INTO cofila_inbox (queue, name, data) VALUES ('texts', 'n', '1')");
    }
    CHECK(mine.effects() == 0);
    CHECK(mine.ask("SELECT count(*) FROM cofila_v_jobs") == 0);
    {
        app_transaction both{mine};
        mine.db.exec("INSERT INTO effects VALUES ('a')");
        mine.db.exec("INSERT OR REPLACE INTO cofila_inbox (queue, name, data) VALUES ('texts', 'n', '1')");
        both.commit();
    }
    CHECK(mine.effects() == 1);
    CHECK(mine.ask("SELECT count(*) FROM cofila_v_jobs") == 1);
}

TEST_CASE("the inbox refuses what no job can be, names the column, and changes nothing")
{
    const shared_file file;
    make_tables_in(file);
    SQLite::Database db{file.path, SQLite::OPEN_READWRITE};
    const std::map<std::string, std::vector<std::string>> refused{
        {"queue", {"NULL, 'n', '1', 0, 0, 1", "'', 'n', '1', 0, 0, 1", "'a' || char(10), 'n', '1', 0, 0, 1"}},
        {"name", {"'q', NULL, '1', 0, 0, 1", "'q', hex(zeroblob(101)), '1', 0, 0, 1"}},
        {"data", {"'q', 'n', '{', 0, 0, 1", "'q', 'n', x'31', 0, 0, 1"}},
        {"delay_ms", {"'q', 'n', '1', -1, 0, 1", "'q', 'n', '1', 0.5, 0, 1"}},
        {"priority", {"'q', 'n', '1', 0, -1, 1", "'q', 'n', '1', 0, 2097152, 1"}},
        {"attempts", {"'q', 'n', '1', 0, 0, 0", "'q', 'n', '1', 0, 0, 'x'"}},
    };
    for (const auto& [column, rows] : refused)
        for (const auto& row : rows) {
            INFO(row);
            CHECK(refusal_of(db, row).find("cofila_inbox: " + column + " must be") != std::string::npos);
        }
    CHECK(refusal_of(db, "'q', 'n', '1', 0, 0, 1").empty());
    CHECK(text_of(db, "SELECT count(*) FROM cofila_v_jobs") == "1");
    CHECK(text_of(db, "SELECT count(*) FROM cofila_v_queues") == "1");
}

TEST_CASE("the shell of SQLite and a Python script add jobs that a worker gets")
{
    const shared_file file;
    make_tables_in(file);
    std::vector<std::string> expected;
    if (is_installed("sqlite3")) {
        child_process shell{
            {"/usr/bin/env",
             "sqlite3",
             file.path,
             "INSERT INTO cofila_inbox (queue, name, data) VALUES ('texts', 'shell', '\"a\"');"
             "SELECT state, data FROM cofila_v_jobs"}
        };
        CHECK(shell.read_rest().find("waiting|\"a\"") != std::string::npos);
        CHECK(shell.wait() == 0);
        expected.push_back("shell a");
    }
    if (is_installed("python3") && std::system("python3 -c 'import sqlite3' 2>/dev/null") == 0) {
        child_process script{
            {"/usr/bin/env",
             "python3",
             "-c",
             "import json, sqlite3, sys\n"
             "db = sqlite3.connect(sys.argv[1])\n"
             "with db:\n"
             "    db.execute('INSERT INTO cofila_inbox (queue, name, data) VALUES (?, ?, ?)',\n"
             "               ('texts', 'python', json.dumps('b')))\n"
             "print(*db.execute('SELECT state FROM cofila_v_jobs WHERE name = ?', ('python',)).fetchone())\n",
             file.path}
        };
        CHECK(script.read_line() == "waiting");
        CHECK(script.wait() == 0);
        expected.push_back("python b");
    }
    if (expected.empty())
        MESSAGE("neither sqlite3 nor python3 is installed");
    CHECK(work_off(file) == expected);
}

TEST_SUITE_END();
