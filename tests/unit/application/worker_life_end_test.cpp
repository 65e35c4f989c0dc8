// How a worker ends.
#include <cofila/worker.hpp>

#include <doctest/doctest.h>

#include <string>

#include "app.hpp"
#include "texts.hpp"

using namespace cofila;
using namespace cofila::test;
using text_worker = worker<std::string, std::string>;
using text_job = job<std::string, std::string>;

TEST_SUITE_BEGIN("a worker's life");

APP_CASE("a close lets running jobs finish within the grace, then cancels and gives them back")
{
    auto queue = texts(a);
    door gate{a.executor};
    door never{a.executor};
    for (const char* id : {"quick", "slow"})
        co_await queue.add(id, "", {.id = id});
    shift worker{
        queue,
        [&](text_job job) -> asio::awaitable<std::string> {
            if (job.name() == "quick")
                co_await gate.pass();
            else
                co_await never.pass();
            co_return "";
        },
        {.concurrency = 2, .grace = 30s}
    };
    co_await settle();
    worker.stop();
    co_await queue.add("later", "", {.id = "later"});
    co_await a.clock->pass(20s);
    gate.open();
    co_await a.clock->pass(9999ms);
    CHECK_FALSE(worker.ended());
    co_await a.clock->pass(1ms);
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"quick"}));
    CHECK(report.cancelled == ids({"slow"}));
    CHECK(report.released.empty());
    CHECK(report.abandoned.empty());
    const auto slow = co_await stored(a, "texts", "slow");
    CHECK(slow.state == job_state::waiting);
    CHECK(slow.attempts_made == 0);
    CHECK(slow.attempts_started == 1);
    const auto later = co_await stored(a, "texts", "later");
    CHECK(later.attempts_started == 0);
}

APP_CASE("F13: a processor that ignores its cancellation is abandoned a second later, and its result dropped")
{
    auto queue = texts(a);
    door gate{a.executor};
    co_await queue.add("x", "", {.id = "a"});
    shift worker{queue, [&gate](text_job) -> asio::awaitable<std::string> {
                     co_await gate.pass_stubbornly();
                     co_return "too late";
                 }};
    co_await settle();
    worker.stop();
    co_await a.clock->pass(8s + 999ms);
    CHECK_FALSE(worker.ended());
    co_await a.clock->pass(1ms);
    const auto report = co_await worker.join();
    CHECK(report.released == ids({"a"}));
    CHECK(report.abandoned == ids({"a"}));
    gate.open();
    co_await settle();
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
    CHECK(job.result == "");
}

APP_CASE("cancelling run() is a stop: it returns as usual, with its report")
{
    auto queue = texts(a);
    door gate{a.executor};
    co_await queue.add("x", "", {.id = "a"});
    shift worker{queue, [&gate](text_job) -> asio::awaitable<std::string> {
                     co_await gate.pass();
                     co_return "";
                 }};
    co_await settle();
    worker.cancel_run();
    co_await settle();
    CHECK_FALSE(worker.ended());
    gate.open();
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
}

APP_CASE("close without a run, and twice; a second run is refused; run after close ends at once")
{
    auto queue = texts(a);
    co_await queue.add("x", "", {.id = "a"});
    text_worker worker{queue, echo};
    co_await worker.close();
    co_await worker.close();
    const auto report = co_await worker.run();
    CHECK(report.finished.empty());
    const auto again = co_await error_of(worker.run());
    CHECK(again.code == errc::invalid_argument);
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.attempts_started == 0);
}

APP_CASE("a worker that is destroyed while it runs gives its job back")
{
    auto queue = texts(a);
    door gate{a.executor};
    co_await queue.add("x", "", {.id = "a"});
    {
        shift worker{queue, [&gate](text_job) -> asio::awaitable<std::string> {
                         co_await gate.pass();
                         co_return "";
                     }};
        co_await settle();
        CHECK(gate.waiting() == 1);
        worker.stop();
        co_await worker.close(0ms);
        co_await worker.join();
    }
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.state == job_state::waiting);
}

TEST_CASE("the usual grace leaves time before Docker kills the process, 10 s after its SIGTERM")
{
    CHECK(worker_options{}.grace == 8s);
}

TEST_SUITE_END();
