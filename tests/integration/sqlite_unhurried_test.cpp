// What a wait for changes costs where it is in no hurry.
#include <optional>

#include "async/task_group.hpp"
#include "integration/sqlite_support.hpp"
#include "integration/watched_file.hpp"
#include "sqlite/change_watch.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("sqlite changes");

TEST_CASE("a waiter in no hurry costs one look per pause however much is written, and none while nothing is")
{
    run_watching([](watched_file& file) -> asio::awaitable<void> {
        file.writer->count = 0;
        std::optional<bool> answer;
        bool wanted = true;
        task_group group{co_await asio::this_coro::executor};
        const auto wait = [&] {
            group.spawn(note_answer(
                sqlite::change_watch::wait_in_no_hurry(
                    file.changes, [&] { return change_interest{.any = wanted}; }, 50ms
                ),
                answer
            ));
        };
        wait();
        for (int i = 0; i < 1000; ++i) {
            file.watch->writes.set();
            co_await file.clock->pass(1ms);
        }
        CHECK(file.writer->count == 20);
        co_await file.clock->pass(1min);
        CHECK(file.writer->count <= 26);  // the last write may be of a commit that is still to come
        const auto before = file.writer->count;
        co_await file.clock->pass(1h);
        CHECK(file.writer->count == before);
        execute(file.path, some_write);
        file.watch->writes.set();
        co_await file.clock->pass(49ms);
        CHECK_FALSE(answer);
        co_await file.clock->pass(1ms);
        CHECK(answer == true);
        answer.reset();
        wait();
        wanted = false;
        co_await file.clock->pass(50ms);
        CHECK(answer == false);
        co_await group.join();
    });
}

TEST_CASE("a slow commit of another connection is found by a waiter in no hurry, after its last write")
{
    run_watching([](watched_file& file) -> asio::awaitable<void> {
        std::optional<bool> answer;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(note_answer(
            sqlite::change_watch::wait_in_no_hurry(
                file.changes, [] { return change_interest{.any = true}; }, 50ms
            ),
            answer
        ));
        co_await file.clock->pass(10s);
        file.watch->writes.set();
        co_await file.clock->pass(300ms);  // its log is being synced
        CHECK_FALSE(answer);
        execute(file.path, some_write);
        co_await file.clock->pass(300ms);
        CHECK(answer == true);
        co_await group.join();
    });
}

TEST_CASE("among many processes one that takes no job looks only now and then, and learns which queue has how many")
{
    run_watching([](watched_file& file) -> asio::awaitable<void> {
        execute(
            file.path,
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) "
            "INSERT INTO cofila_workers SELECT 'w' || i, 'boot', 1, i, 1, 0 FROM n"
        );
        std::optional<change_news> news;
        task_group group{co_await asio::this_coro::executor};
        const auto wait = [&] { return change_interest{.queues = {"other", "q"}}; };
        group.spawn(note_news(sqlite::change_watch::wait(file.changes, wait), news));
        const auto write_often = [&]() -> asio::awaitable<void> {
            for (int i = 0; i < 100; ++i) {
                execute(file.path, some_write);
                file.watch->writes.set();
                co_await file.clock->pass(10ms);
            }
        };
        co_await write_often();
        file.writer->count = 0;
        co_await write_often();
        CHECK(file.writer->count >= 4);  // at most 200 ms pass between two looks of one of 50
        CHECK(file.writer->count <= 20);
        CHECK_FALSE(news);
        writing_runner other{connecting(file.path), false};
        run_one(other, [](sqlite::session& tx) {
            store::add(tx, one_job("a"));
            store::add(tx, one_job("b"));
        });
        file.watch->writes.set();
        co_await file.clock->pass(201ms);
        REQUIRE(news);
        CHECK(news->changed);
        REQUIRE(news->claimable);
        REQUIRE(news->claimable->size() == 1);
        CHECK(news->claimable->front().queue == "q");
        CHECK(news->claimable->front().jobs == 2);
        co_await group.join();
    });
}

TEST_SUITE_END();
