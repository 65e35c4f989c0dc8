// Rows that no version of the library wrote: whoever may write the file may have written anything.
#include <cofila/error.hpp>
#include <cofila/events.hpp>

#include <limits>
#include <string>
#include <vector>

#include "input/damaged_rows.hpp"
#include "input/on_file.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/sweeping.hpp"
#include "support/all_states.hpp"
#include "support/print.hpp"
#include "support/share.hpp"
#include "unit/application/app.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("bad input: rows");

namespace {

const cell cells[] = {
    std::monostate{},
    std::int64_t{-1},
    std::int64_t{0},
    std::int64_t{7},
    std::int64_t{std::numeric_limits<int>::max()},
    std::int64_t{1} << 32,
    std::numeric_limits<std::int64_t>::min(),
    std::numeric_limits<std::int64_t>::max(),
    1.5,
    std::numeric_limits<double>::infinity(),
    std::string{},
    std::string{"text"},
    std::string{R"({"attempts":0})"},
    std::string{R"({"backoff":{"type":"fixed"}})"},
    std::string(10'000, '['),
    bytes{},
    bytes{std::string{"\xFF\0\x01", 3}},
};

}  // namespace

TEST_CASE("F45: whatever a column holds, the other jobs are listed, claimed and swept")
{
    row_damage file;
    int cases = 0;
    for (const auto state : all_states)
        for (const auto place : row_damage::places())
            for (const auto& value : cells) {
                if (cases++ % one_of() != 0)
                    continue;
                INFO("state ", to_string(state), ", ", std::string{place}, ", value ", &value - cells);
                const damage one{.place = place, .value = value};
                CHECK_NOTHROW(file.check(state, {&one, 1}));
            }
}

TEST_CASE("F45: a worker passes a job whose row is damaged: it fails with the reason, with an event, and the next runs")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        co_await use_file(on_file(path), [&](engine& on) -> asio::awaitable<void> {
            const auto q = on.queue<int, int>("q");
            (void)co_await q.add("x", 1, {.id = "bad"});
            (void)co_await q.add("x", 2, {.id = "good"});
            execute(
                path,
                "INSERT INTO cofila_options VALUES (1000, '{'); UPDATE cofila_jobs SET options = 1000 WHERE id = 'bad'"
            );
            std::vector<std::string> failed;
            q.events().failed.connect([&](const failed_event& e) { failed.push_back(e.id.str() + ": " + e.reason); });

            worker<int, int> w{q, [&](job<int, int> job) -> asio::awaitable<int> {
                                   w.stop();
                                   co_return job.data();
                               }};
            (void)co_await w.run();
            const auto good = co_await q.get_job("good");
            CHECK(good->state() == job_state::completed);
            const auto bad = co_await q.get_job("bad");
            CHECK(bad->state() == job_state::failed);
            CHECK(bad->attempts_started() == 0);
            CHECK(bad->failed_reason().starts_with("the stored row of the job is damaged: "));
            REQUIRE(failed.size() == 1);
            CHECK(failed.front() == "bad: " + bad->failed_reason());
        });
    });
}

TEST_CASE("F45: an active job without the end of its lock is rescued by the sweeps")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};
    run_one(runner, [](sqlite::session& tx) { store::add(tx, one_job("a")); });
    const std::string as_made = "'locked_until INTEGER NOT NULL'";
    const std::string loosened = "'locked_until INTEGER'";
    const auto change = [](const std::string& from, const std::string& to) {
        return "PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = replace(sql, " + from + ", " + to +
               ") WHERE name = 'cofila_active'; PRAGMA writable_schema=RESET; ";
    };
    execute(
        path,
        change(as_made, loosened) +
            "INSERT INTO cofila_active SELECT queue, key, x'00112233445566778899aabbccddeeff', NULL, 0, 0, 1, NULL, "
            "NULL, NULL FROM cofila_jobs; DELETE FROM cofila_waiting; " +
            change(loosened, as_made)
    );
    sweep_answer answer;
    run_one(runner, [&](sqlite::session& tx) {
        sweep_request request{.now = manual_clock::start};
        request.rescues.push_back({.key = 1, .token = "00112233445566778899aabbccddeeff", .locked_until = time_point{}}
        );
        answer = store::sweep(tx, request);
    });
    CHECK(answer.news.size() == 1);
}

TEST_CASE("F99: positions and keys that are used up are an error, not a wrap")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        co_await use_file(on_file(path), [&](engine& on) -> asio::awaitable<void> {
            const auto q = on.queue("q");
            (void)co_await q.add("x", 1);
            const auto last = std::to_string(std::numeric_limits<std::int64_t>::max());
            execute(path, "UPDATE cofila_queues SET tail = " + last + " WHERE name = 'q'");
            const auto position = co_await error_of(q.add("x", 1));
            CHECK(position.code == errc::storage_corrupt);
            const auto first = co_await error_of(q.add("x", 1, {.lifo = true}));
            CHECK_FALSE(first.code);
            execute(path, "UPDATE cofila_queues SET tail = " + last + " WHERE number = 0");
            const auto key = co_await error_of(q.add("x", 1, {.lifo = true}));
            CHECK(key.code == errc::storage_corrupt);
            const auto counts = co_await q.get_job_counts();
            CHECK(counts.waiting == 2);
        });
    });
}

TEST_SUITE_END();
