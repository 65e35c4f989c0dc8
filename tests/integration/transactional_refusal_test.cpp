// What enqueue needs of its connection, and what it refuses.
#include <cofila/memory.hpp>

#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <limits>
#include <thread>

#include "integration/shared_file.hpp"
#include "support/error_of.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("transactional enqueue: refusals");

namespace {

/// What `enqueue` throws in a transaction on this connection.
thrown_error refusal(SQLite::Database& db, const text_queue& queue)
{
    return error_of([&] { enqueue(db, queue, "x", "text"); });
}

void check_refused(const thrown_error& e, const std::string& text)
{
    CHECK(e.code == errc::invalid_argument);
    CHECK(e.field == "db");
    CHECK(e.text.find(text) != std::string::npos);
    CAPTURE(e.text);
}

}  // namespace

TEST_CASE("what queue::add refuses is refused alike, and the transaction goes on")
{
    const shared_file file;
    file.with_engine([&](engine& made) -> asio::awaitable<void> {
        auto queue = made.queue<double, int>("numbers", queue_options{.size_limit = 10});
        struct refused {
            std::string name;
            double data;
            job_options options;
        };
        const refused cases[] = {
            {"", 1, {}},
            {"tab\t", 1, {}},
            {"x", std::numeric_limits<double>::infinity(), {}},
            {"x", 1.234567890123, {}},
            {"x", 1, {.id = ""}},
            {"x", 1, {.priority = 2'097'152}},
            {"x", 1, {.delay = -1ms}},
            {"x", 1, {.delay = milliseconds::max()}},
            {"x", 1, {.attempts = 0}},
        };
        app_connection mine{file.path};
        app_transaction both{mine};
        mine.db.exec("INSERT INTO effects VALUES ('before')");
        for (const auto& c : cases) {
            const auto added = co_await error_of(queue.add(c.name, c.data, c.options));
            const auto enqueued = error_of([&] { enqueue(mine.db, queue, c.name, c.data, c.options); });
            CHECK(added.code);
            CHECK(enqueued.code == added.code);
            CHECK(enqueued.field == added.field);
            CHECK(enqueued.text == added.text);
        }
        both.commit();
        CHECK(mine.effects() == 1);
        CHECK(mine.ask("SELECT count(*) FROM cofila_jobs") == 0);
    });
}

TEST_CASE("a connection that lacks something is told what")
{
    const shared_file file;
    const shared_file other;
    other.with_queue([](text_queue) -> asio::awaitable<void> { co_return; });
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        SQLite::Database bare{file.path, SQLite::OPEN_READWRITE};
        bare.exec("BEGIN IMMEDIATE");
        check_refused(refusal(bare, queue), "must be prepared: call cofila::prepare(db)");
        bare.exec("ROLLBACK");
        prepare(bare);
        check_refused(refusal(bare, queue), "must be in a transaction of yours");
        bare.exec("BEGIN IMMEDIATE");
        CHECK_FALSE(refusal(bare, queue).code);
        bare.setBusyTimeout(100);
        check_refused(refusal(bare, queue), "must be prepared");
        prepare(bare);
        CHECK_FALSE(refusal(bare, queue).code);
        bare.exec("PRAGMA wal_autocheckpoint=1000");
        check_refused(refusal(bare, queue), "must be prepared");
        bare.exec("ROLLBACK");

        app_connection elsewhere{other.path};
        app_transaction there{elsewhere};
        check_refused(refusal(elsewhere.db, queue), "must be connected to '" + file.path + "', where the queue is");
        co_return;
    });
}

TEST_CASE("a queue of an engine that has no file is refused")
{
    const shared_file file;
    run_coro([&]() -> asio::awaitable<void> {
        auto made = co_await engine::open({.maintenance = std::nullopt, .repository = memory_repository()});
        auto queue = made.queue<std::string, std::string>("texts");
        app_connection mine{file.path};
        const app_transaction both{mine};
        check_refused(refusal(mine.db, queue), "its engine has no SQLite file");
        co_await made.close();
    });
}

TEST_CASE("a file without our tables, or with those of another version, is refused and left as it is")
{
    const shared_file file;
    app_connection mine{file.path};
    const auto refused = [&] {
        const app_transaction both{mine};
        return error_of([&] { enqueue(mine.db, "texts", "x", "text"); });
    };
    check_refused(refused(), "open '" + file.path + "' once with cofila::engine");
    CHECK(mine.ask("SELECT count(*) FROM sqlite_schema") == 1);
    file.with_queue([](text_queue) -> asio::awaitable<void> { co_return; });
    CHECK_FALSE(refused().code);
    mine.db.exec("UPDATE cofila_meta SET value = 1 WHERE key = 'schema_version'");
    check_refused(refused(), "the present tables of cofila");
    mine.db.exec("UPDATE cofila_meta SET value = 1000 WHERE key = 'schema_version'");
    const auto newer = refused();
    CHECK(newer.code == errc::storage_newer);
    CHECK(newer.text.find("1000") != std::string::npos);
}

TEST_CASE("a transaction that has read before others wrote is told to begin otherwise")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        app_connection mine{file.path};
        mine.db.exec("BEGIN");
        mine.effects();
        co_await queue.add("x", "text");
        const auto e = refusal(mine.db, queue);
        CHECK(e.code == errc::storage_busy);
        CHECK(e.text.find("BEGIN IMMEDIATE") != std::string::npos);
        mine.db.exec("ROLLBACK");
        mine.db.exec("BEGIN");  // one that has done nothing yet waits for others
        CHECK_FALSE(refusal(mine.db, queue).code);
        mine.db.exec("COMMIT");
    });
}

TEST_CASE("a prepared connection waits for who holds the file, and gives up when its time is over")
{
    const shared_file file;
    app_connection holder{file.path};
    app_connection hasty{file.path, 1ms};
    auto held = std::make_optional<app_transaction>(holder);
    CHECK(hasty.db.tryExec("BEGIN IMMEDIATE") == SQLITE_BUSY);
    int begun = SQLITE_BUSY;
    std::thread patient{[&] {
        app_connection mine{file.path};
        begun = mine.db.tryExec("BEGIN IMMEDIATE; COMMIT");
    }};
    CHECK(hasty.db.tryExec("BEGIN IMMEDIATE") == SQLITE_BUSY);
    held.reset();
    patient.join();
    CHECK(begun == SQLITE_OK);
    CHECK(hasty.db.tryExec("BEGIN IMMEDIATE") == SQLITE_OK);
    CHECK(error_of([&] { prepare(hasty.db, -1ms); }).field == "wait");
}

TEST_SUITE_END();
