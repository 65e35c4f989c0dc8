// The locks of a worker's jobs.
#include <cofila/worker.hpp>

#include <doctest/doctest.h>

#include <string>

#include "app.hpp"
#include "recorder.hpp"
#include "texts.hpp"

using namespace cofila;
using namespace cofila::test;
using text_worker = worker<std::string, std::string>;
using text_job = job<std::string, std::string>;

TEST_SUITE_BEGIN("a worker's life");

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
