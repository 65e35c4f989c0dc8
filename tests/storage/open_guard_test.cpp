// D3, F52: whoever but SQLite opens and closes one of the three files drops SQLite's locks; nothing of the library
// does.
#include <cofila/cofila.hpp>

#include <boost/signals2/connection.hpp>

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <fstream>

#include "integration/sqlite_support.hpp"
#include "storage/open_guard.hpp"
#include "store/adding.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

namespace {

using text_queue = queue<std::string, std::string>;
using text_job = job<std::string, std::string>;
using lines = std::vector<std::string>;

/// Adds, runs, fails, retries, looks at, promotes, pauses and removes jobs.
asio::awaitable<void> use(engine& on)
{
    auto jobs = on.queue<std::string, std::string>("q");
    co_await jobs.add("job", std::string(10'000, 'x'), {.id = "a"});
    co_await jobs.add("job", "fails", {.id = "b", .attempts = 1});
    co_await jobs.add("job", "later", {.id = "c", .delay = std::chrono::hours{1}});
    co_await jobs.promote("c");
    worker<std::string, std::string> working{jobs, [](text_job job) -> asio::awaitable<std::string> {
                                                 co_await job.update_progress(1);
                                                 co_await job.log("a line");
                                                 if (job.data() == "fails")
                                                     throw std::runtime_error{"as planned"};
                                                 co_return "done";
                                             }};
    const boost::signals2::scoped_connection end = jobs.events().drained.connect([&](const auto&) { working.stop(); });
    co_await working.run();
    co_await jobs.retry("b");
    co_await jobs.pause();
    co_await jobs.resume();
    co_await jobs.get_jobs();
    co_await jobs.get_job_logs("a");
    co_await jobs.remove("a");
    const auto counts = co_await jobs.get_job_counts();
    CHECK(counts.completed == 1);
    CHECK(counts.waiting == 1);
}

/// An engine that has swept once.
asio::awaitable<void> open_and_use(std::string path)
{
    auto engine = co_await engine::open({.database = path});
    co_await use(engine);
    co_await engine.close();
}

/// A file that the test makes under another name, since the guard would take it for one that opens databases.
std::string prepared(const temp_folder& folder, const std::string& name, const std::string& bytes)
{
    std::ofstream{folder.file("prepared"), std::ios::binary} << bytes;
    fs::rename(folder.file("prepared"), folder.file(name));
    return folder.file(name);
}

}  // namespace

TEST_SUITE_BEGIN("open guard");

TEST_CASE("the guard sees who opens and closes a database or its shared memory, by whatever function")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const open_guard guard;
    SQLite::Database db{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    db.exec("PRAGMA journal_mode=WAL; CREATE TABLE t (a)");
    CHECK(guard.by_sqlite() >= 3);
    CHECK(guard.by_others() == lines{});
    ::close(::open((path + "-shm").c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(guard.by_others().size() == 1);
    ::close(::openat(AT_FDCWD, path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    CHECK(guard.by_others().size() == 2);
    CHECK(std::ifstream{path + "-wal"}.is_open());
    CHECK(guard.by_others().size() == 2);  // it has no locks that could be lost
    CHECK(std::ifstream{path + "-shm"}.is_open());
    CHECK(guard.by_others().size() == 3);
    fs::copy_file(path, folder.file("copy"));
    CHECK(guard.by_others().size() == 4);
    for (const auto& what : guard.by_others())
        CHECK(what.find(path) != std::string::npos);
    CHECK(::open(path.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600) == -1);  // no descriptor, no lock is lost
    CHECK(guard.by_others().size() == 4);
    CHECK(guard.made() == 0);
}

TEST_CASE("the guard sees a descriptor of SQLite's being closed by somebody else")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const open_guard guard;
    SQLite::Database db{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    const int next = ::dup(STDIN_FILENO);
    ::close(next);
    CHECK(guard.by_others() == lines{});
    ::close(next - 1);  // the one that SQLite got last
    CHECK(guard.by_others() == lines{"close " + path});
}

TEST_CASE("D3 F52: an engine on a new file and on an old one: all is opened by SQLite, but for the file that it makes")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const open_guard guard;
    run_coro([&] { return open_and_use(path); });
    CHECK(guard.made() == 1);
    run_coro([&]() -> asio::awaitable<void> {
        auto first = co_await engine::open({.database = path});
        co_await open_and_close({.path = path});
        co_await first.queue<std::string, std::string>("other").add("job", "text");
        co_await first.close();
    });
    CHECK(guard.made() == 1);
    CHECK(guard.by_others() == lines{});
    CHECK(guard.by_sqlite() >= 10);
}

TEST_CASE("D3 F52: nor is it opened by others where a commit fails, or the file is removed while it is open")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const open_guard guard;
    {
        writing_runner runner{connecting(path), false};
        const auto adding = [](sqlite::session& tx) { store::add(tx, one_job("a")); };
        const auto failed = error_of([&] {
            run_one(runner, [&](sqlite::session& tx) {
                sqlite3_commit_hook(tx.link().handle(), [](void*) { return 1; }, nullptr);
                adding(tx);
            });
        });
        CHECK(failed.code == errc::outcome_unknown);
        run_one(runner, adding);
        run_one(runner, [](sqlite::session& tx) { tx.keep_reserve(); }, store::operation::kind::tidy);
        fs::remove(path);
        const auto replaced = error_of([&] {
            run_one(runner, [](sqlite::session&) {}, store::operation::kind::tidy);
            run_one(runner, adding);
        });
        CHECK(replaced.code == errc::storage_corrupt);
    }
    CHECK(guard.made() == 1);
    CHECK(guard.by_others() == lines{});
}

TEST_CASE("D3 F52: nor where a file is refused, or what a dead writer had begun is undone first")
{
    const temp_folder folder;
    prepared(folder, "nonsense.db", std::string(5000, 'n'));
    prepared(folder, "byte.db", "x");
    prepared(folder, "empty.db", "");
    execute(folder.file("theirs.db"), "CREATE TABLE theirs (a)");
    {
        SQLite::Database db{folder.file("dying.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
        db.exec("PRAGMA cache_size=1; BEGIN; CREATE TABLE begun (a)");
        for (int row = 0; row < 100; ++row)
            db.exec("INSERT INTO begun VALUES (zeroblob(2000))");
        fs::copy_file(folder.file("dying.db"), folder.file("begun.db"));
        fs::copy_file(folder.file("dying.db-journal"), folder.file("begun.db-journal"));
    }
    const open_guard guard;
    run_coro([&]() -> asio::awaitable<void> {
        for (const auto* name : {"nonsense.db", "byte.db", "theirs.db"}) {
            const auto refused = co_await error_of(open_and_close({.path = folder.file(name)}));
            CHECK_MESSAGE(refused.code, name);
        }
        for (const auto* name : {"empty.db", "begun.db"})
            co_await open_and_close({.path = folder.file(name)});
    });
    CHECK(guard.made() == 0);
    CHECK(guard.by_others() == lines{});
    CHECK(guard.by_sqlite() >= 5);
}

TEST_SUITE_END();
