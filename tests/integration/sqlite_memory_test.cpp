// F23, F24: memory runs out, in an operation or in SQLite.
#include <cofila/sqlite.hpp>

#include <sqlite3.h>

#include <new>

#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "support/error_of.hpp"
#include "support/job_rows.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using kind = store::operation::kind;

namespace {

test_operation::work adding_large(std::string id, std::size_t bytes = 10)
{
    return [job = one_job(std::move(id), '"' + std::string(bytes, 'x') + '"')](sqlite::session& tx) {
        store::add(tx, job);
    };
}

/// While it lives, SQLite may use only this many bytes more than at its construction.
class memory_limit {
public:
    explicit memory_limit(sqlite3_int64 more) { sqlite3_hard_heap_limit64(sqlite3_memory_used() + more); }
    memory_limit(const memory_limit&) = delete;
    memory_limit& operator=(const memory_limit&) = delete;
    ~memory_limit() { sqlite3_hard_heap_limit64(0); }
};

struct memory_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};

    std::int64_t count(const std::string& where) const
    {
        return ask(path, "SELECT count(*) FROM cofila_jobs WHERE " + where);
    }
};

}  // namespace

TEST_SUITE_BEGIN("sqlite memory");

TEST_CASE_FIXTURE(
    memory_fixture, "F23: an operation that finds no memory is told so and undone, and the others are done"
)
{
    for (const auto how : {kind::write, kind::renewal}) {
        test_batch batch;
        const auto id = std::to_string(static_cast<int>(how));
        const auto& before = batch.add(adding_large("before " + id));
        const auto& failing = batch.add(
            [&](sqlite::session& tx) {
                adding_large("half done " + id)(tx);
                throw std::bad_alloc{};
            },
            how
        );
        const auto& after = batch.add(adding_large("after " + id), kind::write);
        batch.run(runner);
        REQUIRE(failing.failure());
        CHECK(failing.failure()->code() == errc::storage_busy);
        CHECK(std::string{failing.failure()->what()}.find("out of memory") != std::string::npos);
        CHECK(std::string{failing.failure()->what()}.find(path) != std::string::npos);
        CHECK_FALSE(before.failure());
        CHECK_FALSE(after.failure());
    }
    CHECK(count("true") == 4);
    CHECK(count("id LIKE 'half done%'") == 0);
}

TEST_CASE_FIXTURE(memory_fixture, "F23: so is one that only looks, on either connection")
{
    auto options = connecting(path);
    options.read_only = true;
    run_one(runner, adding_large("a"));
    reading_runner reader{options};
    for (auto* const on : {static_cast<store::batch_runner*>(&runner), static_cast<store::batch_runner*>(&reader)}) {
        const auto failed =
            error_of([&] { run_one(*on, [](sqlite::session&) { throw std::bad_alloc{}; }, kind::observe); });
        CHECK(failed.code == errc::storage_busy);
        CHECK_FALSE(error_of([&] { run_one(*on, [](sqlite::session&) {}, kind::observe); }).code);
    }
}

TEST_CASE_FIXTURE(memory_fixture, "while SQLite is in use it is not tuned any more")
{
    run_one(runner, adding_large("first"));
    CHECK_FALSE(tune_sqlite());
    run_one(runner, adding_large("second"));
    CHECK(sqlite3_memory_used() > 0);
}

TEST_CASE_FIXTURE(
    memory_fixture, "F24: wherever SQLite finds no memory, what is acknowledged is there and what is refused is not"
)
{
    REQUIRE(sqlite3_memory_used() == 0);
    run_one(runner, adding_large("first"));
    REQUIRE(sqlite3_memory_used() > 0);
    int refused = 0;
    int unknown = 0;
    std::string stored = "'first'";
    std::string absent = "''";
    constexpr int limits = 300;
    for (int i = 0; i < limits; ++i) {
        test_batch batch;
        std::vector<std::pair<std::string, const test_operation*>> adds;
        for (const auto bytes : {10u, 2000u, 100'000u}) {
            const auto id = std::to_string(i) + "-" + std::to_string(bytes);
            adds.emplace_back(id, &batch.add(adding_large(id, bytes)));
        }
        {
            const memory_limit tight{i * 1000};
            batch.run(runner);
        }
        for (const auto& [id, add] : adds) {
            const auto& failure = add->failure();
            const bool is_unknown = failure && failure->code() == errc::outcome_unknown;
            if (failure && !is_unknown)
                CHECK_MESSAGE(failure->code() == errc::storage_busy, std::string{failure->what()});
            refused += failure && !is_unknown ? 1 : 0;
            unknown += is_unknown ? 1 : 0;
            if (!is_unknown)
                (failure ? absent : stored) += ", '" + id + "'";
        }
    }
    CHECK(refused > 0);
    CHECK(refused < 3 * limits);
    CHECK(count("id IN (" + absent + ")") == 0);
    CHECK(count("id IN (" + stored + ")") == 1 + 3 * limits - refused - unknown);
    CHECK(ask(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1);
    CHECK(ask(path, jobs_out_of_place()) == 0);
    run_one(runner, adding_large("last"));
}

TEST_SUITE_END();
