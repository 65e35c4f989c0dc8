#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

#include "integration/shared_file.hpp"
#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/manual_clock.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("transactional enqueue");

namespace {

/// Ids in the order in which they will run.
asio::awaitable<names> waiting(text_queue queue)
{
    const auto page = co_await queue.get_jobs({.state = job_state::waiting});
    names out;
    for (const auto& job : page.items)
        out.push_back(job.id().str());
    co_return out;
}

}  // namespace

TEST_CASE("a job is there once the transaction is committed, with the options that the queue gives it")
{
    const shared_file file;
    file.with_engine([&](engine& made) -> asio::awaitable<void> {
        auto queue = made.queue<std::string, std::string>("texts", queue_options{.defaults = {.attempts = 5}});
        app_connection mine{file.path};
        app_transaction both{mine};
        mine.db.exec("INSERT INTO effects VALUES ('a')");
        const auto id = enqueue(mine.db, queue, "x", "text", {.priority = 3});
        auto job = co_await queue.get_job(id);
        CHECK_FALSE(job);
        both.commit();
        job = co_await queue.get_job(id);
        REQUIRE(job);
        CHECK(job->data() == "text");
        CHECK(job->priority() == 3);
        CHECK(job->options().attempts == 5);
        CHECK(job->options().on_completed == retention::keep_for(24h));
        CHECK(id.str().size() == 36);
        CHECK(mine.effects() == 1);
    });
}

TEST_CASE("a job is not there when the transaction is rolled back, nor the queue that it was the first of")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        app_connection mine{file.path};
        {
            const app_transaction dropped{mine};
            mine.db.exec("INSERT INTO effects VALUES ('a')");
            enqueue(mine.db, queue, "x", "text", {.id = "a"});
        }
        const auto job = co_await queue.get_job("a");
        CHECK_FALSE(job);
        CHECK(mine.effects() == 0);
        CHECK(mine.ask("SELECT count(*) FROM cofila_queues WHERE name = 'texts'") == 0);
        co_await queue.add("x", "text", {.id = "a"});  // the engine's connection knows the queue's number by now
        const auto there = co_await waiting(queue);
        CHECK(there == names{"a"});
    });
}

TEST_CASE("an id that exists adds nothing, whoever added it")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        co_await queue.add("x", "engine's", {.id = "a"});
        app_connection mine{file.path};
        app_transaction both{mine};
        CHECK(enqueue(mine.db, queue, "x", "mine", {.id = "a"}) == "a");
        CHECK(enqueue(mine.db, queue, "x", "mine", {.id = "b"}) == "b");
        CHECK(enqueue(mine.db, queue, "x", "again", {.id = "b"}) == "b");
        both.commit();
        const auto there = co_await waiting(queue);
        CHECK(there == names{"a", "b"});
        const auto b = co_await queue.get_job("b");
        CHECK(b->data() == "mine");
        const auto a = co_await queue.add("x", "engine's", {.id = "b"});
        CHECK(a.duplicate);
    });
}

TEST_CASE("jobs of both ways run in the order in which they were added, lifo ones before them")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        app_connection mine{file.path};
        const auto add_mine = [&](const std::string& id, job_options options = {}) {
            app_transaction both{mine};
            options.id = id;
            enqueue(mine.db, queue, "x", "text", options);
            both.commit();
        };
        co_await queue.add("x", "text", {.id = "1"});
        add_mine("2");
        co_await queue.add("x", "text", {.id = "3"});
        {
            app_transaction both{mine};
            enqueue(mine.db, queue, "x", "text", {.id = "4"});
            enqueue(mine.db, queue, "x", "text", {.id = "5"});
            both.commit();
        }
        add_mine("0", {.lifo = true});
        co_await queue.add("x", "text", {.id = "6"});
        const auto there = co_await waiting(queue);
        CHECK(there == names{"0", "1", "2", "3", "4", "5", "6"});
    });
}

TEST_CASE("many are added all or none, and an error names the index")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        app_connection mine{file.path};
        app_transaction both{mine};
        std::vector<job_spec<std::string>> specs;
        for (int i = 0; i < 40; ++i)
            specs.push_back({.name = "x", .data = std::string(static_cast<std::size_t>(i) * 50, 'x')});
        specs[3].options.id = "three";
        const auto ids = enqueue_bulk(mine.db, queue, specs);
        REQUIRE(ids.size() == 40);
        CHECK(ids[3] == "three");
        CHECK(std::ranges::is_sorted(ids.begin() + 4, ids.end()));
        specs[7].options.priority = -1;
        const auto e = error_of([&] { enqueue_bulk(mine.db, queue, specs); });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "[7].priority");
        CHECK(enqueue_bulk(mine.db, queue, {}).empty());
        both.commit();
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts.waiting == 40);
        const auto last = co_await queue.get_job(ids.back());
        CHECK(last->data().size() == 39 * 50);
    });
}

TEST_CASE("without an engine: the queue by its name, with time and chance of the caller's")
{
    const shared_file file;
    file.with_queue([](text_queue) -> asio::awaitable<void> { co_return; });
    {
        app_connection mine{file.path};
        app_transaction both{mine};
        const environment with{.clock = std::make_shared<manual_clock>(), .random = environment::system().random};
        enqueue(mine.db, "texts", "x", "text", {.id = "a", .delay = 5s}, with);
        const auto e = error_of([&] { enqueue(mine.db, "", "x", "text"); });
        CHECK(e.field == "queue");
        CHECK(enqueue(mine.db, "texts", "x", "text") != enqueue(mine.db, "texts", "x", "text"));
        both.commit();
    }
    file.with_queue([](text_queue queue) -> asio::awaitable<void> {
        const auto job = co_await queue.get_job("a");
        REQUIRE(job);
        CHECK(job->data() == "text");
        CHECK(job->timestamp() == manual_clock::start);
        CHECK(job->run_at() == manual_clock::start + 5s);
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts.waiting == 2);
    });
}

TEST_CASE("the row that the application added last stays the last one")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        app_connection mine{file.path};
        app_transaction both{mine};
        mine.db.exec("INSERT INTO effects (rowid, id) VALUES (12345, 'a')");
        enqueue(mine.db, queue, "x", "text");
        CHECK(mine.db.getLastInsertRowid() == 12345);
        co_return;
    });
}

TEST_CASE("an idle worker that polls once an hour starts what another thread enqueues, at its commit")
{
    const shared_file file;
    file.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        int started = 0;
        const auto act = [&](text_job job) -> asio::awaitable<std::string> {
            ++started;
            co_return job.data();
        };
        worker<std::string, std::string> worker{queue, act, {.poll_interval = 1h}};
        std::thread producer;
        const auto produce = [&] {
            if (producer.joinable())
                producer.join();
            if (started == 5)
                return worker.stop();
            producer = std::thread{[&file, queue] {
                app_connection mine{file.path};
                app_transaction both{mine};
                enqueue(mine.db, queue, "x", "text");
                both.commit();
            }};
        };
        worker.events().ready.connect([&](const ready_event&) { produce(); });
        queue.events().drained.connect([&](const drained_event&) { produce(); });
        co_await worker.run();
        CHECK(started == 5);
    });
}

TEST_CASE("an idle worker of another process, which polls once an hour, starts what is enqueued here, at its commit")
{
    const shared_file file;
    file.with_queue([&](text_queue) -> asio::awaitable<void> { co_return; });
    app_connection mine{file.path};
    child_process idle{{program("COFILA_TEST_CHILD"), "idle", file.path}};
    idle.read_until("ready");
    for (const auto* id : {"a", "b", "c", "last"}) {
        {
            const app_transaction dropped{mine};
            enqueue(mine.db, "texts", "x", "text");
        }
        app_transaction both{mine};
        enqueue(mine.db, "texts", id, "text", {.id = id});
        both.commit();
        CHECK(idle.read_until("started") == std::string{"started "} + id);
        idle.read_until("completed");
    }
    CHECK(idle.wait() == 0);
    CHECK(mine.ask("SELECT count(*) FROM cofila_jobs") == 4);
}

TEST_SUITE_END();
