// Programs without this library add jobs through cofila_inbox, and people look at them in cofila_v_jobs.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "integration/shared_database.hpp"
#include "integration/work_off.hpp"
#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;

namespace {

using lines = std::vector<std::string>;

bool runs_here(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

}  // namespace

TEST_SUITE_BEGIN("postgres inbox");

TEST_CASE("PostgreSQL: a row of cofila_inbox is a job: a view shows it, and a worker gets it in its turn")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("first", "0");
        store.ask("INSERT INTO @cofila_inbox (queue, name, data, priority) VALUES ('texts', 'last', '\"1\"', 5)");
        store.ask("INSERT INTO @cofila_inbox (queue, name, data) VALUES ('texts', 'second', '\"2\"')");
        co_await queue.add("third", "3");
    });
    CHECK(store.ask("SELECT state || data || attempts FROM @cofila_v_jobs WHERE name = 'second'") == "waiting\"2\"1");
    CHECK(store.ask("SELECT waiting FROM @cofila_v_queues WHERE name = 'texts'") == "4");
    CHECK(work_off(store) == lines{"first 0", "second 2", "third 3", "last 1"});
    CHECK(store.ask("SELECT state || result FROM @cofila_v_jobs WHERE name = 'last'") == "completed\"done\"");
    CHECK(store.ask("SELECT completed FROM @cofila_v_queues WHERE name = 'texts'") == "4");
}

TEST_CASE("PostgreSQL: a delay, a priority and attempts may be given, and data of any length; ids are as generated ones"
)
{
    const shared_database store;
    store.ask("INSERT INTO @cofila_inbox VALUES ('texts', 'later', '\"x\"', 3600000, 7, 3)");
    store.ask("INSERT INTO @cofila_inbox (queue, name, data) SELECT 'texts', 'long', '\"' || repeat('x', 9000) || '\"'"
    );
    store.ask("INSERT INTO @cofila_inbox (queue, name, data) VALUES ('texts', 'json', '\"x\"'::jsonb)");
    store.ask("INSERT INTO @cofila_inbox (queue, name) VALUES ('texts', 'none')");
    CHECK(store.ask("SELECT state || priority || attempts FROM @cofila_v_jobs WHERE name = 'later'") == "delayed73");
    CHECK(store.ask("SELECT run_at - created_at FROM @cofila_v_jobs WHERE name = 'later'") == "01:00:00");
    CHECK(store.ask("SELECT length(data) FROM @cofila_v_jobs WHERE name = 'long'") == "9002");
    CHECK(store.ask("SELECT data FROM @cofila_v_jobs WHERE name = 'none'") == "null");
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        const auto page = co_await queue.get_jobs({.state = job_state::delayed});
        REQUIRE(page.items.size() == 1);
        CHECK(page.items[0].options().attempts == 3);
        CHECK(page.items[0].options().priority == 7);
        CHECK(page.items[0].id() == store.ask("SELECT id FROM @cofila_v_jobs WHERE name = 'later'"));
        const auto same = co_await queue.get_job(page.items[0].id());
        REQUIRE(same);
        CHECK(same->name() == "later");
        CHECK(same->id().str()[14] == '8');
    });
}

TEST_CASE("PostgreSQL: a row of the inbox is a part of the transaction in which it is inserted, and several do not wait"
)
{
    const shared_database store;
    const pg_connection mine;
    const pg_connection other;
    const auto insert = store.text("INSERT INTO @cofila_inbox (queue, name, data) VALUES ('texts', 'n', '1')");
    mine.run(insert);
    for (const auto* end : {"ROLLBACK", "COMMIT"}) {
        mine.run("BEGIN");
        other.run("BEGIN; SET LOCAL statement_timeout = '20s'");
        CHECK(mine.run(insert).empty());
        CHECK(other.run(insert).empty());
        CHECK(mine.run(end).empty());
        CHECK(other.run("COMMIT").empty());
    }
    CHECK(store.ask("SELECT count(*) FROM @cofila_v_jobs") == "4");
}

TEST_CASE("PostgreSQL: the inbox refuses what no job can be, names the column, and changes nothing")
{
    const shared_database store;
    const std::map<std::string, lines> refused{
        {"queue", {"NULL, 'n', '1', 0, 0, 1", "'', 'n', '1', 0, 0, 1", "E'a\\n', 'n', '1', 0, 0, 1"}},
        {"name", {"'q', NULL, '1', 0, 0, 1", "'q', repeat('x', 201), '1', 0, 0, 1", "'q', U&'\\0085', '1', 0, 0, 1"}},
        {"data", {"'q', 'n', '{', 0, 0, 1", "'q', 'n', '\"' || repeat('x', 1048576) || '\"', 0, 0, 1"}},
        {"delay_ms", {"'q', 'n', '1', -1, 0, 1", "'q', 'n', '1', 3155760000001, 0, 1"}},
        {"priority", {"'q', 'n', '1', 0, -1, 1", "'q', 'n', '1', 0, 2097152, 1"}},
        {"attempts", {"'q', 'n', '1', 0, 0, 0"}},
    };
    const auto insert = [&](const std::string& values) {
        return store.ask(
            "INSERT INTO @cofila_inbox (queue, name, data, delay_ms, priority, attempts) VALUES (" + values + ")"
        );
    };
    for (const auto& [column, rows] : refused)
        for (const auto& row : rows) {
            const auto said = insert(row);
            INFO(row, ": ", said);
            CHECK(said.find("cofila_inbox: " + column + " must be") != std::string::npos);
        }
    CHECK(insert("'q', 'n', '1', 0, 0, 'x'").find("invalid input syntax") != std::string::npos);
    CHECK(insert("'q', 'n', '1', 0, 0, 1").empty());
    CHECK(store.ask("SELECT count(*) FROM @cofila_v_jobs") == "1");
    CHECK(store.ask("SELECT count(*) FROM @cofila_v_queues") == "1");
}

TEST_CASE(
    "PostgreSQL: a role that only adds needs nothing but INSERT on the inbox, and one that looks SELECT on the views"
)
{
    const shared_database store;
    const database_role role{store};
    store.ask("GRANT USAGE ON SCHEMA " + store.schema.name() + " TO " + role.name);
    store.ask("GRANT INSERT ON @cofila_inbox TO " + role.name);
    const pg_connection theirs{role.target()};
    const auto run = [&](const std::string& sql) { return theirs.run(store.text(sql)); };
    const auto denied = [](const std::string& said) { return said.find("permission denied") != std::string::npos; };
    CHECK(run("INSERT INTO @cofila_inbox (queue, name, data) VALUES ('texts', 'n', '\"a\"')").empty());
    CHECK(denied(run("SELECT * FROM @cofila_v_jobs")));
    CHECK(denied(run("INSERT INTO @queues (name) VALUES ('x')")));
    CHECK(denied(
        run("CREATE TRIGGER x INSTEAD OF INSERT ON @cofila_inbox FOR EACH ROW EXECUTE FUNCTION @add_from_inbox()")
    ));
    store.ask("GRANT SELECT ON @cofila_v_jobs, @cofila_v_queues TO " + role.name);
    CHECK(run("SELECT data FROM @cofila_v_jobs") == "\"a\"");
    CHECK(run("SELECT waiting FROM @cofila_v_queues") == "1");
    CHECK(work_off(store) == lines{"n a"});
}

TEST_CASE("PostgreSQL: the views show every state, times without a date, and jobs whose rows make no sense")
{
    const shared_database store;
    for (const auto* name : {"a", "b", "c", "d"})
        store.ask("INSERT INTO @cofila_inbox (queue, name) VALUES ('texts', '" + std::string{name} + "')");
    const auto named = [&](const std::string& sql, const std::string& name) {
        store.ask(sql + " WHERE key = (SELECT key FROM @jobs WHERE name = '" + name + "')");
    };
    named("UPDATE @live SET state = 1, run_at = 9223372036854775807", "a");
    named("UPDATE @live SET state = 2, locked_until = 0, worker = 'w'", "b");
    named("DELETE FROM @live", "c");
    named("UPDATE @jobs SET options = NULL, own_options = '{'", "d");
    CHECK(
        store.ask("SELECT string_agg(name || ' ' || state, ', ' ORDER BY name) FROM @cofila_v_jobs") ==
        "a delayed, b active, c failed, d waiting"
    );
    CHECK(store.ask("SELECT run_at FROM @cofila_v_jobs WHERE name = 'a'") == "infinity");
    CHECK(
        store.ask("SELECT worker || extract(epoch FROM locked_until) FROM @cofila_v_jobs WHERE name = 'b'") ==
        "w0.000000"
    );
    CHECK(store.ask("SELECT coalesce(attempts, -1) FROM @cofila_v_jobs WHERE name = 'd'") == "-1");
    CHECK(store.ask("SELECT next_due_at FROM @cofila_v_queues") == "infinity");
}

TEST_CASE("PostgreSQL: psql and a Python script add jobs that a worker gets")
{
    const shared_database store;
    lines expected;
    if (runs_here("command -v psql")) {
        child_process shell{
            {"/usr/bin/env",
             "psql",
             postgres_target(),
             "-At",
             "-c",
             store.text("INSERT INTO @cofila_inbox (queue, name, data) VALUES ('texts', 'shell', '\"a\"')"),
             "-c",
             store.text("SELECT state, data FROM @cofila_v_jobs")}
        };
        CHECK(shell.read_rest().find("waiting|\"a\"") != std::string::npos);
        CHECK(shell.wait() == 0);
        expected.emplace_back("shell a");
    }
    if (runs_here("python3 -c 'import psycopg2'")) {
        child_process script{
            {"/usr/bin/env",
             "python3",
             "-c",
             "import json, psycopg2, sys\n"
             "with psycopg2.connect(sys.argv[1]) as db, db.cursor() as rows:\n"
             "    rows.execute('INSERT INTO ' + sys.argv[2] + '.cofila_inbox (queue, name, data) VALUES (%s, %s, "
             "%s)',\n"
             "                 ('texts', 'python', json.dumps('b')))\n"
             "    rows.execute('SELECT state FROM ' + sys.argv[2] + '.cofila_v_jobs WHERE name = %s', ('python',))\n"
             "    print(*rows.fetchone())\n",
             postgres_target(),
             store.schema.name()}
        };
        CHECK(script.read_line() == "waiting");
        CHECK(script.wait() == 0);
        expected.emplace_back("python b");
    }
    if (expected.empty())
        MESSAGE("neither psql nor psycopg2 is installed");
    CHECK(work_off(store) == expected);
}

TEST_SUITE_END();
