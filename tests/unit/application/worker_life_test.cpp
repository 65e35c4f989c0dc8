#include <cofila/worker.hpp>

#include <boost/asio/error.hpp>

#include <doctest/doctest.h>

#include <string>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;
using text_queue = queue<std::string, std::string>;
using text_worker = worker<std::string, std::string>;
using text_job = job<std::string, std::string>;

TEST_SUITE_BEGIN("a worker's life");

namespace {

asio::awaitable<std::string> echo(text_job job) { co_return job.data(); }

text_queue texts(app& a) { return a.engine.queue<std::string, std::string>("texts"); }

}  // namespace

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

APP_CASE("locks are renewed while a processor runs for long")
{
    auto queue = texts(a);
    door gate{a.executor};
    co_await queue.add("x", "", {.id = "a"});
    shift worker{
        queue,
        [&gate](text_job) -> asio::awaitable<std::string> {
            co_await gate.pass();
            co_return "done";
        },
        {.lock_duration = 10s, .lock_renew_buffer = 4s}
    };
    co_await settle();
    co_await a.clock->pass(5999ms);
    CHECK(a.store->calls(op::extend) == 0);
    co_await a.clock->pass(1ms);
    CHECK(a.store->calls(op::extend) == 1);
    co_await a.clock->pass(60s);
    CHECK(a.store->calls(op::extend) == 11);
    const auto job = co_await stored(a, "texts", "a");
    CHECK(*job.locked_until - a.clock->wall_now() >= 4s);
    gate.open();
    worker.stop();
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
}

APP_CASE("F14: a lost lock cancels the processor, and what it still returns is dropped")
{
    auto queue = texts(a);
    door gate{a.executor};
    co_await queue.add("x", "", {.id = "a"});
    bool told = false;
    recorder seen;
    shift worker{
        seen,
        queue,
        [&](text_job job) -> asio::awaitable<std::string> {
            co_await gate.pass_stubbornly();
            told = job.cancelled();
            co_return "too late";
        },
        {.lock_duration = 10s}
    };
    co_await settle();
    co_await queue.pause();
    co_await rescue(a, "texts", "a");
    co_await a.clock->pass(5s);
    CHECK(seen.take() == lines{"ready", "job_active a x 1", "lock_lost a"});
    gate.open();
    co_await settle();
    CHECK(told);
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
    worker.stop();
    const auto report = co_await worker.join();
    CHECK(report.finished.empty());
}

APP_CASE("a store that does not answer a renewal costs the lock when it is over")
{
    auto queue = texts(a);
    door gate{a.executor};
    co_await queue.add("x", "", {.id = "a"});
    recorder seen;
    shift worker{
        seen,
        queue,
        [&gate](text_job) -> asio::awaitable<std::string> {
            co_await gate.pass();
            co_return "";
        },
        {.lock_duration = 10s}
    };
    co_await settle();
    a.store->hold_before(op::extend);
    co_await a.clock->pass(9999ms);
    CHECK(seen.take() == lines{"ready", "job_active a x 1"});
    co_await a.clock->pass(1ms);
    CHECK(seen.take() == lines{"lock_lost a"});
    CHECK(gate.waiting() == 0);
    a.store->let_go(op::extend);
    worker.stop();
    co_await worker.join();
}

APP_CASE("what ends while the store fails is settled when it works again, once")
{
    auto queue = texts(a);
    door gate{a.executor};
    co_await queue.add("x", "v", {.id = "a"});
    recorder seen;
    shift worker{seen, queue, [&gate](text_job) -> asio::awaitable<std::string> {
                     co_await gate.pass();
                     co_return "result";
                 }};
    co_await settle();
    a.store->fail(op::settle, 3);
    gate.open();
    co_await a.clock->pass(5s);
    const auto job = co_await stored(a, "texts", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.attempts_made == 1);
    int errors = 0;
    for (const auto& line : seen.take())
        errors += line.starts_with("error ") ? 1 : 0;
    CHECK(errors == 3);
    worker.stop();
    co_await worker.join();
}

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

TEST_CASE("F57, F58: a wall clock that jumps an hour, forward or back, stalls nobody")
{
    for (const auto jump : {milliseconds{1h}, milliseconds{-1h}}) {
        run_app(
            [jump](app& a) -> asio::awaitable<void> {
                auto queue = texts(a);
                door gate{a.executor};
                co_await queue.add("x", "", {.id = "a"});
                text_worker worker{
                    queue,
                    [&gate](text_job) -> asio::awaitable<std::string> {
                        co_await gate.pass();
                        co_return "";
                    },
                    {.lock_duration = 30s}
                };
                running run{worker};
                co_await a.clock->pass(7s);
                a.clock->step_wall(jump);
                co_await a.clock->pass(120s);
                gate.open();
                co_await settle();
                const auto job = co_await stored(a, "texts", "a");
                CHECK(job.state == job_state::completed);
                CHECK(job.stalled_count == 0);
                worker.stop();
                co_await run.join();
            },
            maintenance_options{}
        );
    }
}

TEST_SUITE_END();
