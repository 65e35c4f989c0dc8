// F39, F40, F55: what happens to the log of a file while it is open.
#include <cofila/cofila.hpp>

#include <boost/signals2/connection.hpp>

#include <sqlite3.h>

#include <filesystem>

#include "integration/sqlite_support.hpp"
#include "sqlite/version_note.hpp"
#include "storage/in_child.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("live file");

namespace {

constexpr std::uintmax_t mebibyte = 1024 * 1024;

}  // namespace

TEST_CASE(
    "F39: a log that grows under a long-lived reader causes one warning at 64 MiB, and shrinks once the reader is gone"
)
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path, .durability = durability::normal});
        auto engine =
            co_await engine::open({.maintenance = maintenance_options{.interval = milliseconds{1}}, .repository = store}
            );
        auto jobs = engine.queue<std::string, std::string>("q");
        std::vector<std::string> told;
        const boost::signals2::scoped_connection errors =
            jobs.events().error.connect([&](const error_event& e) { told.push_back(e.text); });
        co_await jobs.add("job", "first");
        std::uint64_t longest = 0;
        {
            SQLite::Database reader{path, SQLite::OPEN_READONLY};
            reader.exec("BEGIN");
            CHECK(ask(reader, "SELECT count(*) FROM cofila_jobs") == 1);
            for (int i = 0; i < 80; ++i)
                co_await jobs.add("job", std::string(1'000'000, 'x'));
            longest = fs::file_size(path + "-wal");
            while (told.empty())
                co_await store->tend();
        }
        CHECK(longest > 64 * mebibyte);
        REQUIRE(told.size() == 1);
        CHECK(told.front().find("write-ahead log") != std::string::npos);
        CHECK(told.front().find("MiB") != std::string::npos);
        co_await store->tend();
        co_await jobs.add("job", "begins the log anew");
        co_await store->tend();
        const auto after = fs::file_size(path + "-wal");
        CHECK(after <= 32 * mebibyte);
        CHECK(told.size() == 1);
        std::printf(
            "long reader: a log of %d MiB with him, %d MiB without\n",
            static_cast<int>(longest / mebibyte),
            static_cast<int>(after / mebibyte)
        );
        co_await engine.close();
    });
}

TEST_CASE("F40: a long log that a killed process left is taken over by the next one")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const auto answer = in_child([&] {
        auto options = connecting(path);
        writing_runner runner{options, false};
        run_one(runner, [](sqlite::session& tx) { tx.find_or_make_queue("q"); });
        SQLite::Database reader{path, SQLite::OPEN_READONLY};
        reader.exec("BEGIN");
        ask(reader, "SELECT count(*) FROM cofila_jobs");
        for (int i = 0; i < 70; ++i)
            run_one(runner, [i](sqlite::session& tx) {
                tx.find_or_make_queue("q" + std::to_string(i));
                tx.sql().exec(
                    "INSERT INTO cofila_bodies (job, data) VALUES (?1, ?2)",
                    std::int64_t{i},
                    std::string(1'000'000, 'x')
                );
            });
        return std::to_string(fs::file_size(path + "-wal") / mebibyte);  // and it ends without closing anything
    });
    INFO(answer);
    REQUIRE(std::stoi(answer) >= 64);
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path, .durability = durability::normal});
        co_await store->tend();
        co_await add_as(store, "a");
        co_await store->tend();
        CHECK(fs::file_size(path) > 64 * mebibyte);
        CHECK(fs::file_size(path + "-wal") <= 32 * mebibyte);
        co_await store->close();
    });
    CHECK(ask(path, "SELECT count(*) FROM cofila_bodies") == 70);
}

TEST_CASE("F55: an SQLite whose checkpoints may damage a file is named once, with the version that is sound")
{
    const auto old = sqlite::version_note(3040001);
    REQUIRE(old);
    CHECK(old->find("SQLite 3.40.1 ") != std::string::npos);
    CHECK(old->find("3.51.3") != std::string::npos);
    CHECK(sqlite::version_note(3051002));
    CHECK(sqlite::version_note(3050006));
    CHECK_FALSE(sqlite::version_note(3050007));
    CHECK_FALSE(sqlite::version_note(3044006));
    CHECK_FALSE(sqlite::version_note(3051003));

    const temp_folder folder;
    std::vector<std::string> lines;
    const logger log{.sink = [&](log_level, std::string_view line) { lines.emplace_back(line); }};
    run_coro([&]() -> asio::awaitable<void> { co_await open_and_close({.path = folder.file("jobs.db"), .log = log}); });
    const auto expected = sqlite::version_note(sqlite3_libversion_number());
    CHECK(lines == (expected ? std::vector{*expected} : std::vector<std::string>{}));
}

TEST_SUITE_END();
