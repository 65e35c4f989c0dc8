#include <boost/asio/thread_pool.hpp>

#include <stdexcept>
#include <string>

#include "closing.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: timeouts");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("an attempt that runs longer than its timeout is cancelled at that time, and fails")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a", .timeout = 5s});
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await a.clock->pass(4'999ms);
    CHECK(here.ended == 0);
    co_await a.clock->pass(1ms);
    CHECK(here.aborted == 1);
    CHECK(events.take() == lines{"failed a timed out after 5000 ms", "retries_exhausted a 1", "drained"});
    CHECK(own.take() == lines{"job_errored a x timed out after 5000 ms"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.failed_reason == "timed out after 5000 ms");
    CHECK(job.finished_at == a.at(5s));
    CHECK(job.attempts_made == 1);
    REQUIRE(job.attempts.size() == 1);
    CHECK(job.attempts[0].error.type == "cofila::timed_out");
    co_await worker.finish();
}

QUEUE_CASE("a job that timed out is tried again by its backoff, and has its whole time again")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a", .attempts = 2, .backoff = backoff::fixed(10s), .timeout = 5s});
    co_await settle();
    recorder events{queue.events()};
    co_await a.clock->pass(19'999ms);
    CHECK(
        events.take() ==
        lines{"retrying a after 10000 made 1 timed out after 5000 ms", "drained", "waiting a from delayed", "active a"}
    );
    CHECK(here.started == 2);
    co_await a.clock->pass(1ms);
    CHECK(here.aborted == 2);
    CHECK(events.take() == lines{"failed a timed out after 5000 ms", "retries_exhausted a 2", "drained"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.attempts_started == 2);
    CHECK(job.attempts_made == 2);
    co_await worker.finish();
}

QUEUE_CASE("what is returned or thrown after the time is dropped")
{
    door out{a.executor};
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        const auto e = co_await error_of(out.pass());
        CHECK(e.code);
        CHECK(job.cancelled());
        if (job.id() == "throws")
            throw unrecoverable_error{"own"};
        co_return 7;
    };
    shift worker{queue, act, {.concurrency = 2}};
    for (const auto* id : {"returns", "throws"})
        co_await queue.add("x", 1, {.id = id, .attempts = 2, .backoff = backoff::fixed(1h), .timeout = 5s});
    co_await a.clock->pass(5s);
    for (const auto* id : {"returns", "throws"}) {
        const auto job = co_await stored(a, "q", id);
        CHECK(job.state == job_state::delayed);
        CHECK(job.result.empty());
        REQUIRE(job.attempts.size() == 1);
        CHECK(job.attempts[0].error.message == "timed out after 5000 ms");
    }
    co_await worker.finish();
}

QUEUE_CASE("an attempt that ends in time is nobody's concern later")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a", .timeout = 5s});
    co_await a.clock->pass(4'999ms);
    here.out.open();
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await a.clock->pass(1min);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(events.take() == lines{});
    CHECK(own.take() == lines{});
    co_await worker.finish();
}

QUEUE_CASE("each of several attempts has a time of its own, from its own start")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 10}};
    lines ended;
    queue.events().failed.connect([&](const failed_event& e) {
        ended.push_back(e.id.str() + " at " + std::to_string(a.elapsed().count()));
    });
    co_await queue.add("x", 1, {.id = "long", .timeout = 10s});
    co_await queue.add("x", 1, {.id = "none"});
    co_await a.clock->pass(1s);
    co_await queue.add("x", 1, {.id = "short", .timeout = 2s});
    co_await queue.add("x", 1, {.id = "same", .timeout = 9s});
    co_await a.clock->pass(1s);
    co_await queue.add("x", 1, {.id = "shortest", .timeout = 1ms});
    co_await a.clock->pass(1min);
    CHECK(ended == lines{"shortest at 2001", "short at 3000", "long at 10000", "same at 10000"});
    here.let_out({"none"});
    co_await worker.finish();
}

QUEUE_CASE("time that a claimed job waits for a free slot does not count")
{
    co_await queue.add("x", 1, {.id = "first"});
    co_await queue.add("x", 1, {.id = "second", .timeout = 5s});
    ward here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 1}};
    co_await a.clock->pass(1min);
    auto job = co_await stored(a, "q", "second");
    CHECK(job.state == job_state::active);
    here.let_out({"first"});
    co_await a.clock->pass(4'999ms);
    CHECK(here.started == lines{"first", "second"});
    job = co_await stored(a, "q", "second");
    CHECK(job.state == job_state::active);
    co_await a.clock->pass(1ms);
    job = co_await stored(a, "q", "second");
    CHECK(job.failed_reason == "timed out after 5000 ms");
    co_await worker.finish();
}

APP_CASE("the timeout of the queue's defaults holds for jobs that have none of their own")
{
    auto queue = a.engine.queue<int, int>("q", queue_options{.defaults = {.timeout = 2s}});
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    co_await queue.add("x", 1, {.id = "default"});
    co_await queue.add("x", 1, {.id = "own", .timeout = 3s});
    co_await a.clock->pass(2s);
    auto job = co_await stored(a, "q", "default");
    CHECK(job.state == job_state::failed);
    job = co_await stored(a, "q", "own");
    CHECK(job.state == job_state::active);
    co_await a.clock->pass(1s);
    job = co_await stored(a, "q", "own");
    CHECK(job.state == job_state::failed);
    co_await worker.finish();
}

QUEUE_CASE("a timeout reaches a processor on an executor of its own")
{
    asio::thread_pool pool{2};
    event ended{a.executor};
    queue.events().failed.connect([&](const failed_event&) { ended.set(); });
    const auto act = [](int_job) -> asio::awaitable<int> {
        event never{co_await asio::this_coro::executor};
        co_await never.wait();
        co_return 1;
    };
    shift worker{queue, act, {.executor = pool.get_executor()}};
    co_await queue.add("x", 1, {.id = "a", .timeout = 5s});
    co_await a.clock->pass(5s);
    co_await ended.wait();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "timed out after 5000 ms");
    co_await worker.finish();
    pool.join();
}

QUEUE_CASE("an attempt whose time is over during the grace of a close has failed, and is reported as finished")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 1min}};
    co_await queue.add("x", 1, {.id = "a", .timeout = 5s});
    co_await settle();
    worker.stop();
    co_await a.clock->pass(5s);
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
    CHECK(report.cancelled.empty());
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "timed out after 5000 ms");
}

TEST_SUITE_END();
