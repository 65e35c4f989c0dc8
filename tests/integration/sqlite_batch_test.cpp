#include <sqlite3.h>

#include <atomic>
#include <semaphore>
#include <stdexcept>

#include "async/task_group.hpp"
#include "integration/batch_fixture.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/database_thread.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using kind = store::operation::kind;

TEST_SUITE_BEGIN("sqlite batch");

namespace {

[[noreturn]] void fail(sqlite::session&) { throw error{errc::invalid_argument, "asked to"}; }

}  // namespace

TEST_CASE_FIXTURE(batch_fixture, "a batch is one transaction")
{
    test_batch batch;
    for (int i = 0; i < 100; ++i)
        batch.add(adding(std::to_string(i)));
    CHECK(batch.run(runner) == 100);
    CHECK(commits == 1);
    CHECK(jobs() == 100);
}

TEST_CASE_FIXTURE(batch_fixture, "an operation that fails leaves nothing behind, and the others are done")
{
    test_batch batch;
    const auto& before = batch.add(adding("a"));
    const auto& failing = batch.add([](sqlite::session& tx) {
        store::add(tx, one_job("b"));
        store::add(tx, {in_queue("another queue", some_job("b"))});
        fail(tx);
    });
    const auto& after =
        batch.add([](sqlite::session& tx) { store::add(tx, {in_queue("another queue", some_job("c"))}); });
    batch.run(runner);
    CHECK_FALSE(before.failure());
    REQUIRE(failing.failure());
    CHECK(failing.failure()->code() == errc::invalid_argument);
    CHECK_FALSE(after.failure());
    CHECK(before.runs() == 2);  // the batch was undone as a whole
    CHECK(jobs() == 2);
    CHECK(ask(path, "SELECT count(*) FROM cofila_queues JOIN cofila_jobs ON queue = number WHERE id = 'c'") == 1);
    CHECK(commits == 1);
}

TEST_CASE_FIXTURE(
    batch_fixture, "where SQLite rolls everything back the others are done again without the one at fault"
)
{
    const auto interrupted = [](sqlite::session& tx) {
        auto* const db = tx.link().handle();
        store::add(tx, one_job("b"));
        sqlite3_progress_handler(db, 1, [](void*) { return 1; }, nullptr);
        struct scope {
            sqlite3* db;
            ~scope() { sqlite3_progress_handler(db, 0, nullptr, nullptr); }
        } const end{db};
        tx.sql().exec("UPDATE cofila_jobs SET priority = 1");
    };
    const auto rolled_back = [](sqlite::session& tx) {
        tx.link().db().exec("ROLLBACK");
        fail(tx);
    };
    test_batch batch;
    const auto& first = batch.add(adding("a"), kind::write);
    const auto& faulty = batch.add(interrupted);
    const auto& middle = batch.add(adding("c"));
    const auto& worse = batch.add(rolled_back, kind::write);
    const auto& last = batch.add(adding("d"));
    CHECK(batch.run(runner) == 5);
    REQUIRE(faulty.failure());
    CHECK(faulty.failure()->code() == errc::storage_busy);
    CHECK(faulty.runs() == 1);
    REQUIRE(worse.failure());
    CHECK(worse.runs() == 1);
    for (const auto* what : {&first, &middle, &last})
        CHECK_FALSE(what->failure());
    CHECK(first.runs() == 3);
    CHECK(last.runs() == 1);
    CHECK(jobs() == 3);
    CHECK(ask(path, "SELECT count(DISTINCT position) FROM cofila_jobs") == 3);
    CHECK(commits == 1);
}

TEST_CASE_FIXTURE(batch_fixture, "a mistake in an operation is told as one, and not as damage; the others are done")
{
    test_batch batch;
    const auto& before = batch.add(adding("a"));
    const auto& wrong = batch.add([](sqlite::session& tx) {
        store::add(tx, one_job("b"));
        throw std::out_of_range{"map::at"};
    });
    const auto& misused = batch.add([](sqlite::session& tx) { tx.sql().query("SELECT 1", 7); });
    const auto& after = batch.add(adding("c"));
    batch.run(runner);
    for (const auto* what : {&wrong, &misused}) {
        REQUIRE(what->failure());
        CHECK(what->failure()->code() == errc::internal);
    }
    CHECK(std::string{wrong.failure()->what()}.find("map::at") != std::string::npos);
    CHECK_FALSE(before.failure());
    CHECK_FALSE(after.failure());
    CHECK(jobs() == 2);
}

TEST_CASE_FIXTURE(
    batch_fixture, "an operation whose statement is refused after it has written leaves nothing of itself behind"
)
{
    test_batch batch;
    batch.add(adding("a"));
    const auto& faulty = batch.add([](sqlite::session& tx) {
        store::add(tx, one_job("b"));
        tx.link().db().exec("RELEASE unknown");
    });
    batch.run(runner);
    CHECK(faulty.failure());
    CHECK(jobs() == 1);
}

TEST_CASE_FIXTURE(batch_fixture, "on a full disk what does not fit is refused, and what fits goes on")
{
    run_one(
        runner,
        [](sqlite::session& tx) {
            const auto pages = ask(tx.link().db(), "PRAGMA page_count");
            tx.link().db().exec("PRAGMA max_page_count = " + std::to_string(pages + 10));
        },
        kind::observe
    );
    test_batch batch;
    const auto& small = batch.add(adding("small"));
    const auto& large = batch.add(adding("large", '"' + std::string(200'000, 'x') + '"'));
    const auto& other = batch.add(adding("other"), kind::write);
    batch.run(runner);
    CHECK_FALSE(small.failure());
    CHECK_FALSE(other.failure());
    REQUIRE(large.failure());
    CHECK(large.failure()->code() == errc::storage_full);
    CHECK(std::string{large.failure()->what()}.find(path) != std::string::npos);
    CHECK(jobs() == 2);
}

TEST_CASE_FIXTURE(
    batch_fixture, "a commit that fails is told to all, and what comes next finds a connection that works"
)
{
    run_one(
        runner,
        [](sqlite::session& tx) { sqlite3_commit_hook(tx.link().handle(), [](void*) { return 1; }, nullptr); },
        kind::observe
    );
    test_batch batch;
    const auto& first = batch.add(adding("a"));
    const auto& second = batch.add(adding("b"), kind::write);
    batch.run(runner);
    REQUIRE(first.failure());
    CHECK(first.failure()->code() == errc::outcome_unknown);
    REQUIRE(second.failure());
    run_one(runner, adding("c"));
    CHECK(jobs() == 1);
}

TEST_CASE_FIXTURE(batch_fixture, "renewals go first, and the others in their order")
{
    std::string order;
    const auto note = [&](char name) { return [&order, name](sqlite::session&) { order += name; }; };
    test_batch batch;
    batch.add(note('a'));
    batch.add(note('b'), kind::write);
    batch.add(note('r'), kind::renewal);
    batch.add(note('c'));
    batch.add(note('s'), kind::renewal);
    batch.run(runner);
    CHECK(order == "rsabc");
}

TEST_CASE_FIXTURE(batch_fixture, "a renewal goes before more operations than one batch has")
{
    std::string order;
    const auto note = [&](char name) { return [&order, name](sqlite::session&) { order += name; }; };
    test_batch batch;
    for (int i = 0; i < 1500; ++i)
        batch.add(note('a'));
    batch.add(note('r'), kind::renewal);
    CHECK(batch.run(runner) == 1000);
    CHECK(order.substr(0, 2) == "ra");
}

TEST_CASE("what is submitted while the thread is busy is committed together")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    struct {
        std::binary_semaphore entered{0};
        std::binary_semaphore open{0};
        int commits = 0;
    } gate;
    run_coro([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const auto clock = std::make_shared<manual_clock>();
        auto options = connecting(path);
        const auto thread = std::make_shared<store::database_thread>(
            store::database_thread::options{
                .loop = event_loop::at(executor), .clock = clock, .hurry = std::make_shared<std::atomic<bool>>(false)
            },
            [options] { return std::make_unique<writing_runner>(options, false); }
        );
        task_group group{executor};
        const auto block = [](auto port, auto& at) -> asio::awaitable<void> {
            co_await store::perform(port, kind::observe, [&at](store::tables& db) {
                sqlite3_commit_hook(sqlite::session::of(db).link().handle(), count_commit, &at.commits);
                at.entered.release();
                at.open.acquire();
                return true;
            });
        };
        const auto add = [](auto port, int i) -> asio::awaitable<void> {
            co_await store::perform(port, kind::write, [job = one_job(std::to_string(i))](store::tables& db) {
                return store::add(db, job);
            });
        };
        std::shared_ptr<store::database_port> port = thread;
        group.spawn(block(port, gate));
        co_await settle();
        gate.entered.acquire();
        for (int i = 0; i < 200; ++i)
            group.spawn(add(port, i));
        co_await settle();
        gate.open.release();
        co_await group.join();
        thread->stop();
    });
    CHECK(gate.commits == 1);
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == 200);
}

TEST_SUITE_END();
