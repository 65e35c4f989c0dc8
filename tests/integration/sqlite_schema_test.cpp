#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "integration/file_state.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/file_place.hpp"
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

mode_t mode_of(const std::string& path)
{
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 0777u : 0;
}

}  // namespace

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
