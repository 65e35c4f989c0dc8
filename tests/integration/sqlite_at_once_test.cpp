// One operation alone, in a hurry: it is done without waiting, or not at all.
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <sqlite3.h>

#include "async/task_group.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using kind = store::operation::kind;

namespace {

test_operation::work adding_one(std::string id)
{
    return [job = one_job(std::move(id))](sqlite::session& tx) { store::add(tx, job); };
}

/// A writing runner on a new file, with something in its log.
struct hurried_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    sqlite::connection_options options = connecting(path);
    std::unique_ptr<writing_runner> runner{};

    void open()
    {
        runner = std::make_unique<writing_runner>(options, false);
        run_one(*runner, adding_one("first"));
        run_one(*runner, adding_one("second"));
    }
    bool try_now(test_operation& op) { return runner->run_at_once(op); }
    std::int64_t jobs() const { return ask(path, "SELECT count(*) FROM cofila_jobs"); }
};

/// Copies the log, so that the next commit begins it anew.
void copy_log(writing_runner& runner)
{
    run_one(runner, [](sqlite::session&) {}, kind::tidy);
}

}  // namespace

TEST_SUITE_BEGIN("sqlite at once");

TEST_CASE_FIXTURE(hurried_fixture, "an operation in a hurry is committed, and others see it")
{
    open();
    test_operation op{adding_one("a")};
    CHECK(try_now(op));
    CHECK_FALSE(op.failure());
    CHECK(jobs() == 3);
    run_one(*runner, adding_one("b"));
    CHECK(jobs() == 4);
}

TEST_CASE_FIXTURE(hurried_fixture, "it does not wait for a file that is busy: it is left for a batch")
{
    options.clock = system_clock();
    options.operation_deadline = std::chrono::hours{1};
    open();
    test_operation op{adding_one("a")};
    {
        const file_holder other{path};
        CHECK_FALSE(try_now(op));
        CHECK(op.runs() == 0);
        CHECK_FALSE(op.failure());
    }
    CHECK(try_now(op));
    CHECK(jobs() == 3);
}

TEST_CASE_FIXTURE(hurried_fixture, "it is left for a batch where its commit would begin the log anew, which is synced")
{
    open();
    copy_log(*runner);
    test_operation op{adding_one("a")};
    CHECK_FALSE(try_now(op));
    CHECK(op.runs() == 0);
    run_one(*runner, adding_one("b"));
    CHECK(try_now(op));
}

TEST_CASE_FIXTURE(hurried_fixture, "the same where another process has copied the log")
{
    open();
    writing_runner other{options, false};
    copy_log(other);
    test_operation op{adding_one("a")};
    CHECK_FALSE(try_now(op));
    CHECK(op.runs() == 0);
}

TEST_CASE_FIXTURE(hurried_fixture, "with durability full nothing is done in a hurry, since every commit is synced")
{
    options.durability = durability::full;
    open();
    test_operation op{adding_one("a")};
    CHECK_FALSE(try_now(op));
    CHECK(op.runs() == 0);
}

TEST_CASE_FIXTURE(hurried_fixture, "before the first batch nothing is done in a hurry: opening a file takes long")
{
    runner = std::make_unique<writing_runner>(options, false);
    test_operation op{adding_one("a")};
    CHECK_FALSE(try_now(op));
    CHECK(op.runs() == 0);
}

TEST_CASE_FIXTURE(hurried_fixture, "an operation that takes longer than a moment is undone and left for a batch")
{
    options.clock = system_clock();
    options.operation_deadline = std::chrono::hours{1};
    open();
    test_operation op{[](sqlite::session& tx) {
        store::add(tx, one_job("a"));
        tx.sql().query(endless).step();
    }};
    CHECK_FALSE(try_now(op));
    CHECK(op.runs() == 1);
    CHECK_FALSE(op.failure());
    CHECK(jobs() == 2);
}

TEST_CASE_FIXTURE(hurried_fixture, "an operation that fails is undone and left for a batch, which reports its failure")
{
    open();
    test_operation op{[](sqlite::session& tx) {
        store::add(tx, {in_queue("another queue", some_job("a"))});
        throw error{errc::invalid_argument, "asked to"};
    }};
    CHECK_FALSE(try_now(op));
    CHECK_FALSE(op.failure());
    run_one(*runner, [](sqlite::session& tx) { store::add(tx, {in_queue("another queue", some_job("b"))}); });
    CHECK(ask(path, "SELECT count(*) FROM cofila_queues JOIN cofila_jobs ON queue = number WHERE id = 'b'") == 1);
}

TEST_CASE_FIXTURE(hurried_fixture, "a commit whose outcome is unknown is not repeated, and what comes next works")
{
    open();
    run_one(
        *runner,
        [](sqlite::session& tx) { sqlite3_commit_hook(tx.link().handle(), [](void*) { return 1; }, nullptr); },
        kind::observe
    );
    test_operation op{adding_one("a")};
    CHECK(try_now(op));
    REQUIRE(op.failure());
    CHECK(op.failure()->code() == errc::outcome_unknown);
    test_operation next{adding_one("b")};
    CHECK_FALSE(try_now(next));  // a new connection comes first
    run_one(*runner, adding_one("c"));
    CHECK(jobs() == 3);
}

TEST_CASE("of operations that come alone and together, to one file by two stores, each is done once")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    constexpr int rounds = 300;
    constexpr int together = 6;
    const auto add_all = [](std::shared_ptr<job_repository> store, std::string name) -> asio::awaitable<void> {
        for (int i = 0; i < rounds; ++i)
            co_await add_as(store, name + std::to_string(i));
    };
    run_coro([&]() -> asio::awaitable<void> {
        const sqlite::options options{
            .path = path, .durability = durability::normal, .spin = std::chrono::microseconds{100}
        };
        const auto one = co_await open(options);
        const auto other = co_await open(options);
        co_await add_all(one, "alone");
        task_group group{co_await asio::this_coro::executor};
        group.spawn(add_all(other, "elsewhere"));
        for (int i = 0; i < together; ++i)
            group.spawn(add_all(one, "together" + std::to_string(i) + ' '));
        co_await group.join();
        group.spawn(add_all(one, "here"));
        group.spawn(add_all(other, "there"));
        co_await group.join();
        const auto counts = co_await one->counts("q");
        CHECK(counts.waiting == rounds * (together + 4));
        co_await other->close();
        co_await one->close();
    });
    CHECK(ask(path, "SELECT count(DISTINCT position) FROM cofila_jobs") == rounds * (together + 4));
    CHECK(ask(path, "SELECT count(DISTINCT key) FROM cofila_jobs") == rounds * (together + 4));
}

TEST_CASE("a store is closed and let go in the middle of operations that run at once")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    int stored = 0;
    const auto add_some = [&](std::shared_ptr<job_repository> store, std::string name) -> asio::awaitable<void> {
        for (int i = 0; i < 1000; ++i) {
            co_await add_as(store, name + std::to_string(i));
            ++stored;
        }
    };
    for (int round = 0; round < 20; ++round)
        run_coro([&]() -> asio::awaitable<void> {
            auto store =
                co_await open({.path = path, .durability = durability::normal, .spin = std::chrono::microseconds{100}});
            task_group group{co_await asio::this_coro::executor};
            std::optional<thrown_error> ended;
            const auto until_closed = [&]() -> asio::awaitable<void> {
                ended = co_await error_of(add_some(store, std::to_string(round) + ' '));
            };
            group.spawn(until_closed());
            for (int i = 0; i < 10 * round; ++i)
                co_await asio::post(asio::use_awaitable);
            co_await store->close();
            co_await group.join();
            CHECK(ended->code == errc::closed);
        });
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == stored);
}

TEST_SUITE_END();
