#include <string>

#include "closing.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: stuck and long running");

namespace {

using int_job = job<int, int>;

/// Jobs whose name is "deaf" take no notice of cancellation; all wait at a door.
struct mixed {
    explicit mixed(const app& a) : out{a.executor} {}

    door out;
    int started = 0;
    int ended = 0;
    thrown_error late{};  // of a deaf one that writes when it ends

    processor<int, int> processor_of()
    {
        return [this](int_job job) -> asio::awaitable<int> {
            ++started;
            if (job.name() != "deaf")
                co_return 1;
            co_await asio::this_coro::throw_if_cancelled(false);
            co_await out.pass_stubbornly();
            late = co_await error_of(job.log("late"));
            ++ended;
            co_return 42;
        };
    }
};

}  // namespace

QUEUE_CASE("a processor deaf to its timeout is reported after stuck_after, its job fails and its slot is free")
{
    mixed here{a};
    shift worker{queue, here.processor_of(), {.lock_duration = 10s, .stuck_after = 20s}};
    co_await queue.add("deaf", 1, {.id = "a", .timeout = 5s});
    co_await queue.add("x", 1, {.id = "b"});
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await a.clock->pass(24'999ms);
    CHECK(own.take() == lines{});
    CHECK(events.take() == lines{});
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::active);
    CHECK(*job.locked_until > a.clock->wall_now());
    co_await a.clock->pass(1ms);
    CHECK(
        own.take() ==
        lines{"stuck a 20000", "job_errored a deaf timed out after 5000 ms", "job_active b x 1", "job_processed b x"}
    );
    CHECK(
        events.take() ==
        lines{"failed a timed out after 5000 ms", "retries_exhausted a 1", "active b", "completed b 1", "drained"}
    );
    here.out.open();
    co_await settle();
    CHECK(here.ended == 1);
    CHECK(here.late.code == errc::lock_lost);
    CHECK(events.take() == lines{});
    CHECK(own.take() == lines{});
    job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.result.empty());
    co_await worker.finish();
}

QUEUE_CASE("the job that takes the slot of a stuck one has its own timeout watched")
{
    mixed here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 1, .stuck_after = 1s}};
    co_await queue.add("deaf", 1, {.id = "a", .timeout = 5s});
    co_await queue.add("deaf", 1, {.id = "b", .timeout = 2s});
    co_await settle();
    recorder own{worker.events()};
    co_await a.clock->pass(9s);
    CHECK(
        own.take() ==
        lines{
            "stuck a 1000",
            "job_active b deaf 1",
            "job_errored a deaf timed out after 5000 ms",
            "stuck b 1000",
            "job_errored b deaf timed out after 2000 ms"
        }
    );
    here.out.open();
    co_await worker.finish();
}

QUEUE_CASE("a stuck job with attempts left runs again beside its old processor, whose result is dropped")
{
    ward here{a};
    door old{a.executor};
    const auto act = [&, patient = here.processor_of()](int_job job) -> asio::awaitable<int> {
        if (job.attempts_made() > 0)
            co_return co_await patient(job);
        co_await asio::this_coro::throw_if_cancelled(false);
        co_await old.pass_stubbornly();
        co_return 1;
    };
    shift worker{queue, act, {.stuck_after = 1s}};
    co_await queue.add("x", 1, {.id = "a", .attempts = 2, .timeout = 5s});
    co_await a.clock->pass(6s);
    CHECK(here.started == lines{"a"});
    old.open();
    co_await settle();
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::active);
    CHECK(job.attempts_started == 2);
    CHECK(job.attempts_made == 1);
    here.let_out({"a"});
    co_await settle();
    job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.result == "42");
    co_await worker.finish();
}

QUEUE_CASE("a processor deaf to a cancellation is stuck too: its job fails with the reason")
{
    mixed here{a};
    shift worker{queue, here.processor_of(), {.stuck_after = 20s}};
    co_await queue.add("deaf", 1, {.id = "a", .attempts = 5});
    co_await settle();
    recorder own{worker.events()};
    co_await queue.cancel("a", "no more");
    co_await a.clock->pass(19'999ms);
    CHECK(own.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(own.take() == lines{"stuck a 20000", "job_errored a deaf cancelled: no more"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "cancelled: no more");
    here.out.open();
    co_await worker.finish();
}

QUEUE_CASE("a processor deaf to the loss of its lock is stuck: nothing is reported on its job, its slot is free")
{
    mixed here{a};
    shift worker{queue, here.processor_of(), {.lock_duration = 10s, .stuck_after = 20s}};
    co_await queue.add("deaf", 1, {.id = "a"});
    co_await settle();
    recorder own{worker.events()};
    co_await rescue(a, "q", "a");
    const auto removed = co_await queue.remove("a");
    CHECK(removed);
    co_await queue.add("x", 1, {.id = "b"});
    co_await a.clock->pass(5s);  // the renewal
    CHECK(own.take() == lines{"lock_lost a"});
    co_await a.clock->pass(19'999ms);
    CHECK(own.take() == lines{});
    const auto settlements = a.store->settlements();
    co_await a.clock->pass(1ms);
    CHECK(own.take() == lines{"stuck a 20000", "job_active b x 1", "job_processed b x"});
    CHECK(a.store->settlements() == settlements + 1);
    here.out.open();
    co_await settle();
    CHECK(here.ended == 1);
    CHECK(own.take() == lines{});
    co_await worker.finish();
}

QUEUE_CASE("a processor that ends within stuck_after is not stuck")
{
    mixed here{a};
    shift worker{queue, here.processor_of(), {.stuck_after = 20s}};
    co_await queue.add("deaf", 1, {.id = "a", .timeout = 5s});
    co_await settle();
    recorder own{worker.events()};
    co_await a.clock->pass(24'999ms);
    here.out.open();
    co_await a.clock->pass(1min);
    CHECK(own.take() == lines{"job_errored a deaf timed out after 5000 ms"});
    co_await worker.finish();
}

QUEUE_CASE("a worker that has given a stuck one up closes without waiting for it")
{
    mixed here{a};
    shift worker{queue, here.processor_of(), {.stuck_after = 1s}};
    co_await queue.add("deaf", 1, {.id = "a", .timeout = 5s});
    co_await a.clock->pass(6s);
    co_await worker.close();
    CHECK(a.elapsed() == 6s);
    const auto report = co_await worker.join();
    CHECK(report.abandoned.empty());
    CHECK(report.released.empty());
    here.out.open();
    co_await settle();
    CHECK(here.ended == 1);
}

QUEUE_CASE("a close has a time of its own: what it cancels is not stuck")
{
    mixed here{a};
    shift worker{queue, here.processor_of(), {.grace = 5s, .stuck_after = 100ms}};
    co_await queue.add("deaf", 1, {.id = "a"});
    co_await settle();
    recorder own{worker.events()};
    worker.stop();
    co_await a.clock->pass(6s);
    const auto report = co_await worker.join();
    CHECK(report.abandoned == ids({"a"}));
    CHECK(own.take() == lines{"closing", "closed"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    here.out.open();
    co_await settle();
}

QUEUE_CASE("an attempt without a timeout that has run for an hour is reported, once, and goes on")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 3}};
    co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(30min);
    co_await queue.add("x", 1, {.id = "b"});
    co_await queue.add("x", 1, {.id = "has a timeout", .timeout = 5h});
    co_await settle();
    recorder own{worker.events()};
    co_await a.clock->pass(30min - 1ms);
    CHECK(own.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(own.take() == lines{"long_running a 3600000"});
    co_await a.clock->pass(30min);
    CHECK(own.take() == lines{"long_running b 3600000"});
    co_await a.clock->pass(3h);
    CHECK(own.take() == lines{});
    here.let_out({"a", "b", "has a timeout"});
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 3});
    co_await worker.finish();
}

TEST_SUITE_END();
