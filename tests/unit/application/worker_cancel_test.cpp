#include <stdexcept>

#include "cancelling.hpp"
#include "closing.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: cancelled jobs");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("a job that runs here is asked to end at once, and fails with the reason, attempts left or not")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a", .attempts = 5});
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await queue.cancel("a", "no more");
    co_await settle();
    CHECK(here.aborted == 1);
    CHECK(a.elapsed() == 0ms);
    CHECK(events.take() == lines{"failed a cancelled: no more", "drained"});
    CHECK(own.take() == lines{"job_errored a x cancelled: no more"});
    const auto job = co_await stored(a, "q", "a");
    check_cancelled(job);
    REQUIRE(job.attempts.size() == 1);
    CHECK(job.attempts[0].error.type == "cofila::cancelled");
    co_await worker.finish();
}

QUEUE_CASE("what a cancelled processor returns or throws is dropped")
{
    door out{a.executor};
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        const auto e = co_await error_of(out.pass());
        CHECK(e.code);
        if (job.id() == "throws")
            throw std::runtime_error{"own"};
        co_return 7;
    };
    shift worker{queue, act, {.concurrency = 2}};
    for (const auto* id : {"returns", "throws"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    for (const auto* id : {"returns", "throws"}) {
        co_await queue.cancel(id, "no more");
        co_await settle();
        const auto job = co_await stored(a, "q", id);
        check_cancelled(job);
    }
    co_await worker.finish();
}

TEST_CASE("a job that was claimed ahead and is cancelled never starts")
{
    for (const bool elsewhere : {false, true}) {
        INFO(elsewhere);
        run_app([elsewhere](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await add_numbered(queue, 3);
            ward here{a};
            shift worker{queue, here.processor_of(), {.prefetch = 2, .lock_duration = 30s}};
            co_await settle();
            recorder events{queue.events()};
            if (elsewhere) {
                co_await cancel_elsewhere(a, "1");
                co_await a.clock->pass(15s);
            } else {
                co_await queue.cancel("1", "no more");
                co_await settle();
            }
            CHECK(events.take() == lines{"failed 1 cancelled: no more"});
            const auto job = co_await stored(a, "q", "1");
            check_cancelled(job);
            here.let_out_all(3);
            co_await settle();
            CHECK(here.started == lines{"0", "2"});
            co_await worker.finish();
        });
    }
}

TEST_CASE("a cancellation reaches the job that came back, not the attempt that was lost and still runs")
{
    for (const bool elsewhere : {false, true}) {
        INFO(elsewhere);
        run_app([elsewhere](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            door stubborn{a.executor};
            door out{a.executor};
            int aborted = 0;
            const auto act = [&](int_job job) -> asio::awaitable<int> {
                if (job.stalled_count() == 0) {
                    co_await asio::this_coro::throw_if_cancelled(false);
                    co_await stubborn.pass_stubbornly();
                    co_return 1;
                }
                const auto e = co_await error_of(out.pass());
                aborted += e.code ? 1 : 0;
                co_return 2;
            };
            shift worker{queue, act, {.concurrency = 2, .lock_duration = 30s, .stuck_after = 1h}};
            co_await queue.add("x", 1, {.id = "a"});
            co_await settle();
            co_await rescue(a, "q", "a");
            co_await a.clock->pass(5s);  // the poll finds it
            auto job = co_await stored(a, "q", "a");
            REQUIRE(job.attempts_started == 2);
            if (elsewhere) {
                co_await cancel_elsewhere(a, "a");
                co_await a.clock->pass(30s);
            } else {
                co_await queue.cancel("a", "no more");
                co_await settle();
            }
            CHECK(aborted == 1);
            job = co_await stored(a, "q", "a");
            CHECK(job.failed_reason == "cancelled: no more");
            stubborn.open();
            out.open();
            co_await worker.finish();
        });
    }
}

QUEUE_CASE("a cancellation outranks a timeout, and a lost lock outranks a cancellation")
{
    door out{a.executor};
    int ended = 0;
    shift worker{queue, deaf(out, ended), {.concurrency = 2, .lock_duration = 30s, .stuck_after = 1h}};
    co_await queue.add("x", 1, {.id = "timed out", .attempts = 5, .timeout = 1s});
    co_await queue.add("x", 1, {.id = "lost"});
    co_await a.clock->pass(1s);
    co_await queue.cancel("timed out", "no more");
    co_await queue.cancel("lost", "no more");
    co_await rescue(a, "q", "lost");  // which ends a cancelled job
    co_await a.clock->pass(15s);
    recorder events{queue.events()};
    out.open();
    co_await settle();
    CHECK(ended == 2);
    CHECK(events.take() == lines{"failed timed out cancelled: no more", "drained"});
    co_await worker.finish();
}

QUEUE_CASE("a job that is cancelled during the grace of a close has failed, and does not wait again")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.grace = 1min}};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    worker.stop();
    co_await a.clock->pass(1s);
    co_await queue.cancel("a", "no more");
    const auto report = co_await worker.join();
    CHECK(a.elapsed() == 1s);
    CHECK(report.finished == ids({"a"}));
    CHECK(report.cancelled.empty());
    const auto job = co_await stored(a, "q", "a");
    check_cancelled(job);
}

QUEUE_CASE("a cancelled job that is to be removed at once fails and is gone")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a", .on_failed = retention::remove_at_once()});
    co_await settle();
    recorder events{queue.events()};
    co_await queue.cancel("a", "no more");
    co_await settle();
    CHECK(events.take() == lines{"failed a cancelled: no more", "removed a", "drained"});
    const auto found = co_await queue.get_job("a");
    CHECK_FALSE(found);
    co_await worker.finish();
}

TEST_SUITE_END();
