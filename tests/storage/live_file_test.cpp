// D4, F37, F50: what happens to a file while it is open.
#include <cofila/cofila.hpp>

#include <boost/signals2/connection.hpp>

#include <sqlite3.h>

#include <filesystem>

#include "integration/sqlite_support.hpp"
#include "storage/fault_files.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("live file");

namespace {

/// What somebody does to the file that the store has open.
struct mishap {
    const char* name;
    void (*happens)(const std::string& path);
};

void rename_it(const std::string& path) { fs::rename(path, path + ".moved"); }
void remove_it(const std::string& path) { fs::remove(path); }
void replace_it(const std::string& path)
{
    for (const auto* file : {"", "-wal", "-shm"})
        fs::rename(path + file, path + ".moved" + file);
    execute(path, "PRAGMA journal_mode=WAL; CREATE TABLE another (a)");
}

constexpr mishap mishaps[] = {{"renamed", rename_it}, {"removed", remove_it}, {"replaced", replace_it}};

}  // namespace

TEST_CASE("D4 F50: a file that is moved, removed or replaced is reported by the next sweep, and nothing more is written"
)
{
    for (const auto& mishap : mishaps) {
        INFO(std::string{mishap.name});
        const temp_folder folder;
        const auto path = folder.file("jobs.db");
        run_coro([&]() -> asio::awaitable<void> {
            const auto store = co_await open({.path = path});
            co_await add_as(store, "before");
            const auto counts = co_await store->counts("q");
            CHECK(counts.waiting == 1);
            mishap.happens(path);
            const auto status = co_await store->tend();
            CHECK(status.lost);
            const auto refused = co_await error_of(add_as(store, "after"));
            CHECK(refused.code == errc::storage_corrupt);
            CHECK(refused.text.find("replaced") != std::string::npos);
            const auto job = co_await store->get("q", "before");
            CHECK(job.has_value());
            co_await store->close();
        });
        if (fs::exists(path + ".moved"))
            CHECK(ask(path + ".moved", "SELECT count(*) FROM cofila_jobs") == 1);
    }
}

TEST_CASE("F50: the next write notices that the file is gone or replaced, and makes nothing where its folder was")
{
    for (const auto& mishap : mishaps) {
        INFO(std::string{mishap.name});
        const temp_folder folder;
        fs::create_directory(folder.file("sub"));
        const auto path = folder.file("sub/jobs.db");
        run_coro([&]() -> asio::awaitable<void> {
            const auto store = co_await open({.path = path});
            co_await add_as(store, "before");
            co_await store->tend();
            CHECK(fs::exists(path + "-reserve"));
            mishap.happens(path);
            const auto refused = co_await error_of(add_as(store, "after"));
            CHECK(refused.code == errc::storage_corrupt);
            CHECK(refused.text.find("moved, removed or replaced") != std::string::npos);
            fs::remove_all(folder.file("sub"));
            fs::create_directory(folder.file("sub"));
            const auto status = co_await store->tend();
            CHECK(status.lost);
            const auto still = co_await error_of(add_as(store, "after"));
            CHECK(still.code == errc::storage_corrupt);
            CHECK(fs::is_empty(folder.file("sub")));
            co_await store->close();
        });
        CHECK(fs::is_empty(folder.file("sub")));
    }
}

TEST_CASE("F50: a file that is removed after a failed commit is reported, too")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    fault_files disk{std::make_shared<manual_clock>()};
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await add_as(store, "before");
        disk.expect({.kind = fault::sync});
        const auto failed = co_await error_of(add_as(store, "unknown"));
        CHECK(failed.code == errc::outcome_unknown);
        disk.heal();
        remove_it(path);
        const auto status = co_await store->tend();
        CHECK(status.lost);
        co_await store->close();
    });
}

TEST_CASE("F50: closing lets the log of the file be that has taken the place")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await add_as(store, "before");
        replace_it(path);
        SQLite::Database theirs{path, SQLite::OPEN_READWRITE};
        theirs.exec("INSERT INTO another VALUES (1)");
        REQUIRE(fs::exists(path + "-wal"));
        co_await store->tend();
        co_await store->close();
        CHECK(fs::exists(path + "-wal"));
        CHECK(ask(path, "SELECT count(*) FROM another") == 1);
    });
}

TEST_CASE("F50: the sweep tells a worker's queue, and the worker ends")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        auto engine =
            co_await engine::open({.database = path, .maintenance = maintenance_options{.interval = milliseconds{5}}});
        auto jobs = engine.queue<std::string, std::string>("q");
        worker<std::string, std::string> working{
            jobs,
            [](job<std::string, std::string>) -> asio::awaitable<std::string> { co_return ""; },
            {.poll_interval = milliseconds{5}}
        };
        int told = 0;
        const boost::signals2::scoped_connection errors = jobs.events().error.connect([&](const error_event& e) {
            told += e.text.find("replaced") != std::string::npos ? 1 : 0;
        });
        const boost::signals2::scoped_connection ready =
            working.events().ready.connect([&](const ready_event&) { remove_it(path); });
        const auto ended = co_await error_of(working.run());
        CHECK(ended.code == errc::storage_corrupt);
        CHECK(told >= 1);
        co_await engine.close();
    });
}

TEST_CASE("a commit that fails does not make a new file where the old one was")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};
    run_one(runner, [](sqlite::session& tx) { tx.find_or_make_queue("q"); });
    const auto failed = error_of([&] {
        run_one(runner, [&](sqlite::session& tx) {
            remove_it(path);
            sqlite3_commit_hook(tx.link().handle(), [](void*) { return 1; }, nullptr);
            tx.find_or_make_queue("r");
        });
    });
    CHECK(failed.code == errc::outcome_unknown);
    const auto next = error_of([&] { run_one(runner, [](sqlite::session& tx) { tx.find_or_make_queue("r"); }); });
    CHECK(next.code == errc::storage_corrupt);
    CHECK_FALSE(fs::exists(path));
}

TEST_CASE("F37: a file that somebody has for himself is busy at open, and opens when he is gone")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        co_await open_and_close({.path = path});
        {
            SQLite::Database theirs{path, SQLite::OPEN_READWRITE};
            theirs.exec("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; COMMIT");
            const auto refused =
                co_await error_of(open_and_close({.path = path, .operation_deadline = milliseconds{30}}));
            CHECK(refused.code == errc::storage_busy);
        }
        const auto opened = co_await error_of(open_and_close({.path = path}));
        CHECK_FALSE(opened.code);
    });
}

TEST_SUITE_END();
