// A wait for changes ends when another connection or process makes one.
#include <boost/asio/error.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "async/task_group.hpp"
#include "integration/sqlite_support.hpp"
#include "integration/watched_file.hpp"
#include "sqlite/change_watch.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("sqlite changes");

namespace {

asio::awaitable<void> note_end(std::shared_ptr<job_repository> store, std::optional<thrown_error>& end)
{
    end = co_await error_of(store->changed_elsewhere());
}

}  // namespace

TEST_CASE("a commit of another connection ends the wait, again and again")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        for (int i = 0; i < 5; ++i) {
            std::optional<thrown_error> end;
            task_group group{co_await asio::this_coro::executor};
            group.spawn(note_end(store, end));
            if (i % 2 == 0)
                co_await store->counts("q");  // by now it waits
            CHECK_FALSE(end);
            execute(path, some_write);
            co_await group.join();
            CHECK_FALSE(end->code);
        }
        co_await store->close();
    });
}

TEST_CASE("a commit between two waits is not missed, and is reported once")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        execute(path, some_write);
        co_await store->changed_elsewhere();
        execute(path, some_write);
        execute(path, some_write);
        co_await store->changed_elsewhere();
        std::optional<thrown_error> end;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(note_end(store, end));
        for (int i = 0; i < 20; ++i)
            co_await store->counts("q");
        CHECK_FALSE(end);
        group.cancel();
        co_await group.join();
        CHECK(end->code == asio::error::operation_aborted);
        co_await store->close();
    });
}

TEST_CASE("our own commits are no changes, but the one of another repository in this process is")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const auto other = co_await open({.path = path});
        std::optional<thrown_error> end;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(note_end(store, end));
        for (int i = 0; i < 50; ++i)
            co_await store->add(one_job(std::to_string(i)));
        CHECK_FALSE(end);
        co_await other->add(one_job("other"));
        co_await group.join();
        CHECK_FALSE(end->code);
        co_await other->close();
        co_await store->close();
    });
}

TEST_CASE("a wait that is wanted no longer ends with our own next commit, and misses nothing for the next one")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        std::optional<bool> answer;
        bool wanted = true;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(note_answer(store->changed_elsewhere([&] { return change_interest{.any = wanted}; }), answer));
        co_await store->add(one_job("a"));
        CHECK_FALSE(answer);
        wanted = false;
        co_await store->add(one_job("b"));
        co_await group.join();
        CHECK(answer == false);
        execute(path, some_write);
        const auto news = co_await store->changed_elsewhere();
        CHECK(news.changed);
        co_await store->close();
    });
}

TEST_CASE("a commit that was under way when the wait began is reported")
{
    run_watching([](watched_file& file) -> asio::awaitable<void> {
        std::optional<bool> answer;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(
            note_answer(sqlite::change_watch::wait(file.changes, [] { return change_interest{.any = true}; }), answer)
        );
        co_await settle();
        CHECK_FALSE(answer);
        // Its writes came before the wait, so no sign of them follows.
        execute(file.path, some_write);
        co_await file.clock->pass(100ms);
        CHECK(answer == true);
        group.cancel();
        co_await group.join();
    });
}

TEST_CASE("a date that another process sets is reported once to a waiter for jobs of its queue; a later one is not")
{
    run_watching([](watched_file& file) -> asio::awaitable<void> {
        writing_runner other{connecting(file.path), false};
        std::optional<change_news> news;
        task_group group{co_await asio::this_coro::executor};
        const auto wait = [] { return change_interest{.queues = {"q"}}; };
        const auto add_delayed = [&](std::string id, milliseconds delay) -> asio::awaitable<void> {
            auto job = *some_job(std::move(id));
            job.state = job_state::delayed;
            job.run_at = file.clock->wall_now() + delay;
            run_one(other, [&](sqlite::session& tx) { store::add(tx, {std::make_shared<job_record>(job)}); });
            file.watch->writes.set();
            co_await file.clock->pass(101ms);
        };
        group.spawn(note_news(sqlite::change_watch::wait(file.changes, wait), news));
        co_await add_delayed("first", 1h);
        REQUIRE(news);
        REQUIRE(news->claimable);
        REQUIRE(news->claimable->size() == 1);
        CHECK(news->claimable->front().queue == "q");
        news.reset();
        group.spawn(note_news(sqlite::change_watch::wait(file.changes, wait), news));
        co_await add_delayed("later", 2h);
        CHECK_FALSE(news);
        co_await add_delayed("earlier", 30min);
        CHECK(news);
        group.cancel();
        co_await group.join();
    });
}

TEST_CASE("closing ends the wait")
{
    const temp_folder folder;
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = folder.file("jobs.db")});
        std::optional<thrown_error> end;
        task_group group{co_await asio::this_coro::executor};
        group.spawn(note_end(store, end));
        for (int i = 0; i < 3; ++i)
            co_await store->counts("q");
        co_await store->close();
        co_await group.join();
        CHECK(end->code == errc::closed);
    });
}

TEST_CASE("a wait outlives the repository's handle")
{
    const temp_folder folder;
    run_coro([&]() -> asio::awaitable<void> {
        auto store = co_await open({.path = folder.file("jobs.db")});
        auto wait = store->changed_elsewhere();
        auto tend = store->tend();
        auto close = store->close();
        store.reset();
        const auto status = co_await std::move(tend);
        CHECK_FALSE(status.lost);
        co_await std::move(close);
        const auto ended = co_await error_of(std::move(wait));
        CHECK(ended.code == errc::closed);
    });
}

TEST_CASE("tending tells when the file was replaced or removed")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await store->add(one_job("a"));
        const auto status = co_await store->tend();
        CHECK_FALSE(status.lost);
        CHECK(status.warnings.empty());
        std::filesystem::rename(path, folder.file("moved.db"));
        const auto moved = co_await error_of(store->add(one_job("b")));
        const auto removed = co_await store->tend();
        CHECK(removed.lost);
        REQUIRE(removed.warnings.size() == 1);
        CHECK(removed.warnings.front().code() == errc::storage_corrupt);
        execute(path, "CREATE TABLE t (a)");
        const auto replaced = co_await store->tend();
        CHECK(replaced.lost);
        co_await store->close();
    });
}

TEST_SUITE_END();
