// How long a batch may take.
#include "integration/batch_fixture.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/database_thread.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;
using kind = store::operation::kind;

TEST_SUITE_BEGIN("sqlite batch");

TEST_CASE("a statement that never ends is broken off at the deadline, and the others are done")
{
    const temp_folder folder;
    auto options = connecting(folder.file("jobs.db"));
    options.clock = system_clock();
    options.operation_deadline = 100ms;
    writing_runner writer{options, false};
    test_batch batch;
    const auto& writing = batch.add([](sqlite::session& tx) {
        store::add(tx, one_job("b"));
        tx.link().db().exec("UPDATE cofila_jobs SET priority = (" + std::string{endless} + ')');
    });
    const auto& other = batch.add(adding("a"));
    CHECK(batch.run(writer) == 2);
    REQUIRE(writing.failure());
    CHECK_FALSE(other.failure());
    const auto query = [](sqlite::session& tx) { tx.sql().query(endless).step(); };
    const auto reading = error_of([&] { run_one(writer, query, kind::write); });
    run_one(writer, adding("c"));
    options.read_only = true;
    reading_runner reader{options};
    const auto apart = error_of([&] { run_one(reader, query); });
    for (const auto& code : {writing.failure()->code(), reading.code, apart.code})
        CHECK(code == errc::storage_busy);
    CHECK(apart.text.find("operation_deadline") != std::string::npos);
    CHECK(ask(options.path, "SELECT count(*) FROM cofila_jobs WHERE id IN ('a', 'c')") == 2);
    CHECK(ask(options.path, "SELECT count(*) FROM cofila_jobs") == 2);
}

TEST_CASE_FIXTURE(batch_fixture, "a batch has an end: what is left comes with the next")
{
    test_batch batch;
    for (int i = 0; i < 1500; ++i)
        batch.add(adding(std::to_string(i)), kind::write);
    CHECK(batch.run(runner) == 1000);
    CHECK(jobs() == 1000);
}

TEST_CASE("a batch that takes long ends early, and answers what is done")
{
    const temp_folder folder;
    auto options = connecting(folder.file("jobs.db"));
    const auto clock = std::make_shared<manual_clock>();
    options.clock = clock;
    writing_runner runner{options, false};
    test_batch batch;
    for (int i = 0; i < 10; ++i)
        batch.add([clock](sqlite::session&) { clock->advance(4ms); });
    CHECK(batch.run(runner) == 3);
}

TEST_CASE("a file that others keep busy is waited for until the deadline, and then works again")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    auto options = connecting(path);
    options.clock = system_clock();
    writing_runner runner{options, false};
    run_one(runner, adding("a"));
    {
        const file_holder other{path};
        test_batch batch;
        const auto& add = batch.add(adding("b"));
        const auto& renew = batch.add(adding("c"), kind::renewal);
        const auto& look = batch.add([](sqlite::session&) {}, kind::observe);
        const auto start = options.clock->steady_now();
        CHECK(batch.run(runner) == 3);
        CHECK(options.clock->steady_now() - start >= options.operation_deadline);
        REQUIRE(add.failure());
        CHECK(add.failure()->code() == errc::storage_busy);
        CHECK(add.runs() == 0);
        REQUIRE(renew.failure());
        CHECK_FALSE(look.failure());
    }
    run_one(runner, adding("b"));
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == 2);
}

TEST_SUITE_END();
