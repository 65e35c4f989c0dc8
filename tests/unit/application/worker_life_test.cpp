#include <cofila/worker.hpp>

#include <boost/asio/error.hpp>

#include <doctest/doctest.h>

#include <string>

#include "app.hpp"
#include "recorder.hpp"
#include "texts.hpp"

using namespace cofila;
using namespace cofila::test;
using text_job = job<std::string, std::string>;

TEST_SUITE_BEGIN("a worker's life");

APP_CASE("it runs what waits, in order, and ends when it is stopped")
{
    auto queue = texts(a);
    recorder seen{queue.events()};
    co_await queue.add("x", "1", {.id = "a"});
    co_await queue.add("x", "2", {.id = "b"});
    shift worker{queue, echo};
    co_await settle();
    worker.stop();
    const auto report = co_await worker.join();
    CHECK(report.finished.empty());
    co_await settle();
    CHECK(
        seen.take() ==
        lines{
            "added a x",
            "waiting a",
            "added b x",
            "waiting b",
            "active a",
            "completed a \"1\"",
            "active b",
            "completed b \"2\"",
            "drained"
        }
    );
}

APP_CASE("no more than its concurrency run at once, and a change of it holds at once")
{
    auto queue = texts(a);
    door gate{a.executor};
    for (const char* id : {"a", "b", "c", "d", "e"})
        co_await queue.add("x", "", {.id = id});
    shift worker{
        queue,
        [&gate](text_job) -> asio::awaitable<std::string> {
            co_await gate.pass();
            co_return "";
        },
        {.concurrency = 2}
    };
    co_await settle();
    CHECK(gate.waiting() == 2);
    worker.concurrency(4);
    co_await settle();
    CHECK(gate.waiting() == 4);
    gate.open();
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts.completed == 5);
    worker.stop();
    co_await worker.join();
}

APP_CASE("while it waits it asks the store only at the safety poll")
{
    auto queue = texts(a);
    shift worker{queue, echo, {.poll_interval = 5s}};
    co_await settle();
    const int before = a.store->claims();
    co_await a.clock->pass(4999ms);
    CHECK(a.store->claims() == before);
    co_await a.clock->pass(1ms);
    CHECK(a.store->claims() == before + 1);
    worker.stop();
    co_await worker.join();
}

APP_CASE("a delayed job starts when it is due and not before; a failed one waits for its backoff")
{
    auto queue = texts(a);
    std::vector<milliseconds> starts;
    shift worker{queue, [&](text_job) -> asio::awaitable<std::string> {
                     starts.push_back(a.elapsed());
                     throw std::runtime_error("no");
                     co_return "";
                 }};
    co_await queue.add("x", "", {.id = "a", .delay = 700ms, .attempts = 3, .backoff = backoff::exponential(100ms)});
    co_await a.clock->pass(10s);
    CHECK(starts == std::vector<milliseconds>{700ms, 800ms, 1000ms});
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 3);
    CHECK(job.failed_reason == "no");
    worker.stop();
    co_await worker.join();
}

APP_CASE("operation_aborted that nobody asked for is an ordinary failure")
{
    auto queue = texts(a);
    co_await queue.add("x", "", {.id = "a"});
    shift worker{queue, [](text_job) -> asio::awaitable<std::string> {
                     throw boost::system::system_error{asio::error::operation_aborted};
                     co_return "";
                 }};
    co_await settle();
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 1);
    worker.stop();
    co_await worker.join();
}

APP_CASE("a slot that throws disturbs neither the others nor the queue, and is reported")
{
    auto queue = texts(a);
    std::string told;
    int later = 0;
    queue.events().completed.connect([](const completed_event&) { throw std::runtime_error("slot"); });
    queue.events().completed.connect([&](const completed_event&) { ++later; });
    queue.events().error.connect([&](const error_event& e) { told = e.text; });
    co_await queue.add("x", "", {.id = "a"});
    shift worker{queue, echo};
    co_await settle();
    CHECK(later == 1);
    CHECK(told == "slot");
    worker.stop();
    co_await worker.join();
}

APP_CASE(
    "the maintenance rescues what a lost worker held, after the lock's duration, and fails it at the bound",
    maintenance_options{}
)
{
    auto queue = texts(a);
    recorder seen{queue.events()};
    co_await queue.add("x", "", {.id = "a", .max_stalled_count = 1});
    for (int claim = 1; claim <= 2; ++claim) {
        const auto taken = co_await queue.fetch_next_and_lock({.worker_id = "gone", .lock_duration = 10s});
        REQUIRE(taken.size() == 1);
        co_await a.clock->pass(9s);
        const auto held = co_await stored(a, "texts", "a");
        CHECK(held.state == job_state::active);
        co_await a.clock->pass(7s);
    }
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.stalled_count == 2);
    CHECK(job.failed_reason == "job stalled more than allowable limit");
    CHECK(
        seen.take() ==
        lines{
            "added a x",
            "waiting a",
            "active a",
            "stalled a 1",
            "active a",
            "stalled a 2",
            "failed a job stalled more than allowable limit"
        }
    );
}

TEST_SUITE_END();
