#include <optional>
#include <string>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: closing");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("cancelling run() acts as stop(), and run() returns its report")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 5s}};
    co_await settle();
    worker.cancel_run();
    worker.cancel_run();
    co_await a.clock->pass(4'999ms);
    CHECK(here.ended == 0);
    CHECK_FALSE(worker.ended());
    co_await a.clock->pass(1ms);
    const auto report = co_await worker.join();
    CHECK(report.cancelled == ids({"a"}));
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
}

QUEUE_CASE("cancelling a close does not end its wait")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 5s}};
    co_await settle();
    closing close{a, worker};
    co_await settle();
    close.tasks.cancel();
    co_await a.clock->pass(1s);
    CHECK_FALSE(close.state->ended);
    here.out.open();
    co_await settle();
    CHECK(close.state->ended);
    CHECK(close.state->report.finished == ids({"a"}));
    co_await worker.join();
}

QUEUE_CASE("a close without a run returns at once, and a later run does nothing")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    worker<int, int> worker{queue, here.processor_of()};
    const auto report = co_await worker.close();
    CHECK(report.finished.empty());
    co_await worker.close();
    const auto ran = co_await worker.run();
    CHECK(ran.finished.empty());
    CHECK(here.started == 0);
    CHECK(a.store->claims() == 0);
    co_await worker.close();
}

QUEUE_CASE("a stop before the run lets the run return at once")
{
    patient here{a};
    worker<int, int> worker{queue, here.processor_of()};
    worker.stop();
    co_await worker.run();
    CHECK(a.elapsed() == 0ms);
}

QUEUE_CASE("run may be called once")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    const auto while_running = co_await error_of(worker.run());
    CHECK(while_running.code == errc::invalid_argument);
    CHECK(while_running.field == "run");
    co_await worker.finish();
    const auto afterwards = co_await error_of(worker.run());
    CHECK(afterwards.code == errc::invalid_argument);
}

QUEUE_CASE("a run on a closed queue throws closed, and such a worker can be closed")
{
    patient here{a};
    worker<int, int> worker{queue, here.processor_of()};
    co_await queue.close();
    const auto e = co_await error_of(worker.run());
    CHECK(e.code == errc::closed);
    closing close{a, worker};
    co_await settle();
    CHECK(close.state->ended);
}

QUEUE_CASE("close may be called from an event's slot")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    patient here{a};
    here.out.open();
    worker<int, int> worker{queue, here.processor_of()};
    std::optional<closing> close;
    worker.events().job_processed.connect([&](const job_processed_event&) {
        if (!close)
            close.emplace(a, worker);
    });
    const auto report = co_await worker.run();
    CHECK(here.started >= 1);
    CHECK(report.finished.size() + report.cancelled.size() <= 1);
    co_await settle();
    CHECK(close->state->ended);
}

QUEUE_CASE("stop may be called from a processor, and its own job finishes")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    std::optional<worker<int, int>> worker;
    const auto act = [&](int_job) -> asio::awaitable<int> {
        worker->stop();
        co_return 1;
    };
    worker.emplace(queue, act);
    const auto report = co_await worker->run();
    CHECK(report.finished == ids({"a"}));
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1, .completed = 1});
}

QUEUE_CASE("a worker that is destroyed while it runs cancels its jobs and ends by itself")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    auto worker = std::make_unique<cofila::worker<int, int>>(queue, here.processor_of());
    running run{*worker};
    co_await settle();
    worker.reset();
    co_await settle();
    CHECK(here.aborted == 1);
    const auto report = co_await run.join();
    CHECK(report.cancelled == ids({"a"}));
    CHECK(a.elapsed() == 0ms);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
}

QUEUE_CASE("a worker whose run() nobody awaits any more ends when it is destroyed")
{
    patient here{a};
    {
        worker<int, int> never_run{queue, here.processor_of()};
        auto dropped = never_run.run();
    }
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(here.started == 0);
}

QUEUE_CASE("jobs that a claim under way brings after the stop are released unstarted")
{
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id});
    patient here{a};
    recorder own;
    recorder events{queue.events()};
    a.store->hold_answer(op::settle);
    shift worker{own, queue, here.processor_of(), {.concurrency = 2}};
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 1);
    worker.stop();
    co_await a.clock->pass(100ms);
    CHECK_FALSE(worker.ended());
    a.store->let_go(op::settle);
    const auto report = co_await worker.join();
    CHECK(a.elapsed() == 100ms);
    CHECK(here.started == 0);
    CHECK(report.abandoned.empty());
    for (const auto* id : {"a", "b"}) {
        const auto job = co_await stored(a, "q", id);
        CHECK(job.state == job_state::waiting);
        CHECK(job.attempts_made == 0);
        CHECK(job.stalled_count == 0);
    }
    co_await settle();
    CHECK(own.take() == lines{"ready", "closing", "closed"});
    CHECK(events.take() == lines{"active a", "active b", "released a", "released b"});
}

QUEUE_CASE("what was released at a close is taken by another worker of the process at once")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient first{a};
    patient second{a};
    shift one{queue, first.processor_of()};
    co_await settle();
    shift two{queue, second.processor_of()};
    co_await settle();
    CHECK(second.started == 0);
    co_await one.close(0ms);
    co_await one.join();
    co_await settle();
    CHECK(second.started == 1);
    CHECK(a.elapsed() == 0ms);
    second.out.open();
    co_await two.finish();
}

QUEUE_CASE("a worker registers its process while it runs")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await settle();
    const auto locks = co_await a.store->inner().locks();
    REQUIRE(locks.size() == 1);
    CHECK(locks[0].process.has_value());
    CHECK(a.store->calls(op::register_worker) == 1);
    CHECK(a.store->calls(op::forget_worker) == 0);
    here.out.open();
    co_await worker.finish();
    CHECK(a.store->calls(op::forget_worker) == 1);
}

QUEUE_CASE("closing the queue closes its workers first, all at once, and then every call throws closed")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    thrown_error during;
    const auto act = [&, queue](int_job job) -> asio::awaitable<int> {
        const auto until = a.clock->steady_now() + 3s;
        co_await a.clock->sleep_until(until);
        during = co_await error_of(job.log("the queue is still open for its workers"));
        co_return 1;
    };
    worker<int, int> one{queue, act};
    worker<int, int> two{queue, act};
    running run_one{one};
    running run_two{two};
    co_await settle();
    bool closed = false;
    task_group tasks{a.executor};
    const auto close = [&]() -> asio::awaitable<void> {
        co_await queue.close();
        closed = true;
    };
    tasks.spawn(close());
    co_await a.clock->pass(2'999ms);
    CHECK_FALSE(closed);
    co_await a.clock->pass(1ms);
    CHECK(closed);
    CHECK(during.text == "");
    co_await run_one.join();
    co_await run_two.join();
    co_await tasks.join();
    const auto e = co_await error_of(queue.get_job_counts());
    CHECK(e.code == errc::closed);
}

TEST_SUITE_END();
