// The write-ahead log: it stays short, whoever writes and reads.
#include <algorithm>
#include <filesystem>

#include "integration/sqlite_support.hpp"
#include "sqlite/log_writeback.hpp"
#include "store/adding.hpp"
#include "store/writing.hpp"
#include "support/print.hpp"

namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;
using kind = store::operation::kind;

namespace {

constexpr std::uintmax_t mebibyte = 1024 * 1024;

struct log_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};

    log_fixture()
    {
        run_one(runner, [](sqlite::session& tx) { store::add(tx, one_job("a")); });
    }

    void write(int transactions)
    {
        for (int i = 0; i < transactions; ++i)
            run_one(
                runner,
                [text = std::to_string(i)](sqlite::session& tx) {
                    store::update_progress(tx, {.queue = "q", .id = "a"}, text);
                },
                kind::write
            );
    }
    std::uintmax_t log_size() const { return fs::file_size(path + "-wal"); }
    void tend()
    {
        run_one(runner, [](sqlite::session&) {}, kind::tidy);
    }
    /// As the file is without its log.
    std::int64_t progress_in_file() const
    {
        SQLite::Database file{"file:" + path + "?immutable=1", SQLite::OPEN_READONLY | SQLite::OPEN_URI};
        return ask(file, "SELECT progress FROM cofila_jobs");
    }
};

}  // namespace

TEST_SUITE_BEGIN("sqlite log");

TEST_CASE_FIXTURE(log_fixture, "the log stays short over many small transactions")
{
    std::uintmax_t longest = 0;
    for (int i = 0; i < 50; ++i) {
        write(1000);
        longest = std::max(longest, log_size());
    }
    CHECK(longest < 20 * mebibyte);
}

TEST_CASE("the log stays as short in a database of another application whose pages are sixteen times as large")
{
    const temp_folder folder;
    const auto path = folder.file("theirs.db");
    execute(path, "PRAGMA page_size=65536; CREATE TABLE theirs (a)");
    writing_runner runner{connecting(path), true};
    run_one(runner, [](sqlite::session& tx) { store::add(tx, one_job("a")); });
    for (int i = 0; i < 1000; ++i)
        run_one(runner, [text = std::to_string(i)](sqlite::session& tx) {
            store::update_progress(tx, {.queue = "q", .id = "a"}, text);
        });
    CHECK(ask(path, "PRAGMA page_size") == 65536);
    CHECK(fs::file_size(path + "-wal") < 20 * mebibyte);
}

TEST_CASE_FIXTURE(
    log_fixture, "a reader that stays makes the log longer, but stops nobody; without it the log is short again"
)
{
    {
        SQLite::Database reader{path, SQLite::OPEN_READONLY};
        reader.exec("BEGIN");
        CHECK(ask(reader, "SELECT count(*) FROM cofila_jobs") == 1);
        write(5000);
        CHECK(log_size() > 8 * mebibyte);
    }
    write(1100);
    tend();
    write(2000);
    const auto size = log_size();
    write(5000);
    CHECK(log_size() == size);
}

TEST_CASE_FIXTURE(log_fixture, "tending copies a short log into the file, also one that somebody else left")
{
    write(10);
    tend();
    CHECK(progress_in_file() == 9);
    write(20);
    CHECK(progress_in_file() == 9);
    tend();
    CHECK(progress_in_file() == 19);
    {
        SQLite::Database other{path, SQLite::OPEN_READWRITE};
        other.exec("PRAGMA wal_autocheckpoint=0; UPDATE cofila_jobs SET progress = '77'");
    }
    writing_runner second{connecting(path), false};
    run_one(second, [](sqlite::session&) {}, kind::tidy);
    CHECK(progress_in_file() == 77);
}

TEST_CASE_FIXTURE(
    log_fixture, "tending copies what others write who leave that to us, though nothing of ours was written"
)
{
    write(10);
    tend();
    SQLite::Database other{path, SQLite::OPEN_READWRITE};
    other.exec("PRAGMA wal_autocheckpoint=0");
    for (const int progress : {77, 78}) {
        other.exec("UPDATE cofila_jobs SET progress = '" + std::to_string(progress) + "'");
        CHECK(progress_in_file() < progress);
        tend();
        CHECK(progress_in_file() == progress);
    }
}

TEST_CASE("a growing log is handed to the disk by the mebibyte, each part once, and from its start when it begins anew")
{
    using part = sqlite::writeback_plan::part;
    constexpr auto step = sqlite::writeback_plan::step;
    sqlite::writeback_plan plan;
    CHECK_FALSE(plan.grown_to(step - 1));
    CHECK(plan.grown_to(step) == part{.from = 0, .bytes = step});
    CHECK_FALSE(plan.grown_to(step));
    CHECK_FALSE(plan.grown_to(2 * step - 1));
    CHECK(plan.grown_to(5 * step + 7) == part{.from = step, .bytes = 4 * step + 7});
    CHECK_FALSE(plan.grown_to(100));
    CHECK_FALSE(plan.grown_to(step - 1));
    CHECK(plan.grown_to(step) == part{.from = 0, .bytes = step});
}

TEST_CASE("that a log is not there, or is a link, is no matter to who hands it to the disk")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    sqlite::log_writeback{path, 4096}.grown_to(1000);
    fs::create_symlink(folder.file("theirs"), path + "-wal");
    sqlite::log_writeback{path, 4096}.grown_to(1000);
    CHECK_FALSE(fs::exists(folder.file("theirs")));
}

TEST_SUITE_END();
