#include <string>
#include <vector>

#include "app.hpp"
#include "crowd.hpp"
#include "notes.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: running jobs");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("a worker runs the waiting jobs, stores the results, and emits an event for each step")
{
    co_await queue.add("double", 21, {.id = "a"});
    recorder events{queue.events()};
    const auto twice = [](int_job job) -> asio::awaitable<int> {
        CHECK(job.state() == job_state::active);
        CHECK(job.attempts_started() == 1);
        CHECK_FALSE(job.cancelled());
        co_return job.data() * 2;
    };
    worker<int, int> worker{queue, twice, {.name = "w"}};
    CHECK(worker.id().starts_with("w-"));
    CHECK(worker.id().size() == 2 + 32);
    recorder own{worker.events()};
    running run{worker};
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.result == "42");
    CHECK(job.attempts_made == 1);
    CHECK(job.attempts_started == 1);
    CHECK(job.worker == worker.id());
    CHECK(events.take() == lines{"active a", "completed a 42", "drained"});
    CHECK(own.take() == lines{"ready", "job_active a double 1", "job_processed a double"});
    worker.stop();
    const auto report = co_await run.join();
    CHECK(report.finished.empty());
    co_await settle();
    CHECK(own.take() == lines{"closing", "closed"});
}

QUEUE_CASE("jobs run by priority, then lifo ones newest first, then by age")
{
    co_await queue.add("x", 1, {.id = "late", .priority = 2'097'151});
    co_await queue.add("x", 1, {.id = "p5 first", .priority = 5});
    co_await queue.add("x", 1, {.id = "p0 first"});
    co_await queue.add("x", 1, {.id = "p5 second", .priority = 5});
    co_await queue.add("x", 1, {.id = "p0 second"});
    co_await queue.add("x", 1, {.id = "lifo first", .lifo = true});
    co_await queue.add("x", 1, {.id = "lifo second", .lifo = true});
    co_await queue.add("x", 1, {.id = "p5 lifo", .priority = 5, .lifo = true});
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    CHECK(
        seen.take() ==
        lines{
            "lifo second at 0",
            "lifo first at 0",
            "p0 first at 0",
            "p0 second at 0",
            "p5 lifo at 0",
            "p5 first at 0",
            "p5 second at 0",
            "late at 0"
        }
    );
    co_await worker.finish();
}

QUEUE_CASE("a delayed job starts in the millisecond in which it is due, and not before")
{
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    co_await queue.add("x", 1, {.id = "c", .delay = 7'001ms});  // beyond the safety poll
    co_await queue.add("x", 1, {.id = "b", .delay = 1'500ms});
    co_await queue.add("x", 1, {.id = "a", .delay = 1ms});
    co_await queue.add("x", 1, {.id = "b2", .delay = 1'500ms});
    co_await a.clock->pass(10s);
    CHECK(seen.take() == lines{"a at 1", "b at 1500", "b2 at 1500", "c at 7001"});
    co_await worker.finish();
}

QUEUE_CASE("a delayed job that was there before the worker starts when it is due")
{
    co_await queue.add("x", 1, {.id = "a", .delay = 1'234ms});
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await a.clock->pass(1'233ms);
    CHECK(seen.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(seen.take() == lines{"a at 1234"});
    co_await worker.finish();
}

QUEUE_CASE("a promoted delayed job starts at once, and is not run again when it would have been due")
{
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    const auto job = co_await queue.add("x", 1, {.id = "a", .delay = 2s});
    co_await a.clock->pass(1s);
    co_await job.promote();
    co_await settle();
    CHECK(seen.take() == lines{"a at 1000"});
    co_await a.clock->pass(10s);
    CHECK(seen.take() == lines{});
    co_await worker.finish();
}

QUEUE_CASE("F58: a delayed job does not start early when the wall clock is set back")
{
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await queue.add("x", 1, {.id = "a", .delay = 10s});
    co_await a.clock->pass(5s);
    a.clock->step_wall(-3'000ms);
    co_await a.clock->pass(7'999ms);
    CHECK(seen.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(seen.take() == lines{"a at 10000"});
    co_await worker.finish();
}

QUEUE_CASE("F57: a delayed job that a step of the wall clock makes due is found by the safety poll")
{
    notes seen;
    shift worker{queue, seen.processor_of(a), {.poll_interval = 5s}};
    co_await queue.add("x", 1, {.id = "a", .delay = 1h});
    co_await a.clock->pass(1s);
    a.clock->step_wall(1h);
    co_await a.clock->pass(5s);
    CHECK(seen.take().size() == 1);
    co_await worker.finish();
}

QUEUE_CASE("ended jobs are settled together with the claim of the next ones")
{
    co_await add_many(queue, 30);
    notes seen;
    shift worker{queue, seen.processor_of(a), {.concurrency = 10}};
    co_await settle();
    CHECK(seen.take().size() == 30);
    CHECK(a.store->calls(op::settle) == 4);
    co_await worker.finish();
}

QUEUE_CASE("a job added by the processor itself is run")
{
    const auto count_down = [queue](int_job job) -> asio::awaitable<int> {
        if (job.data() > 0)
            co_await queue.add("next", job.data() - 1);
        co_return job.data();
    };
    shift worker{queue, count_down};
    co_await queue.add("first", 5);
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 6});
    co_await worker.finish();
}

QUEUE_CASE("progress and log are written while the job runs")
{
    co_await queue.add("x", 1, {.id = "a"});
    recorder events{queue.events()};
    door out{a.executor};
    const auto report = [&](int_job job) -> asio::awaitable<int> {
        co_await job.log("begun");
        co_await job.update_progress(50);
        CHECK(job.progress() == 50);
        co_await out.pass();
        co_await job.log("done");
        co_return 1;
    };
    shift worker{queue, report};
    co_await settle();
    const auto meanwhile = co_await queue.get_job("a");
    REQUIRE(meanwhile);
    CHECK(meanwhile->state() == job_state::active);
    CHECK(meanwhile->progress() == 50);
    auto logs = co_await queue.get_job_logs("a");
    CHECK(logs.items == std::vector<log_line>{{a.at(0ms), "begun"}});
    CHECK(events.take() == lines{"active a", "log a begun", "progress a 50"});
    a.clock->advance(3ms);
    out.open();
    co_await settle();
    logs = co_await queue.get_job_logs("a");
    CHECK(logs.items == std::vector<log_line>{{a.at(0ms), "begun"}, {a.at(3ms), "done"}});
    CHECK(events.take() == lines{"log a done", "completed a 1", "drained"});
    co_await worker.finish();
}

QUEUE_CASE("a handle that a processor kept can read the job afterwards, but not write to it")
{
    co_await queue.add("x", 1, {.id = "a"});
    int_job kept;
    const auto keep = [&](int_job job) -> asio::awaitable<int> {
        kept = job;
        co_return 1;
    };
    shift worker{queue, keep};
    co_await settle();
    const auto e = co_await error_of(kept.update_progress(1));
    CHECK(e.code == errc::lock_lost);
    co_await kept.refresh();
    CHECK(kept.state() == job_state::completed);
    co_await worker.finish();
}

QUEUE_CASE("worker options out of their range are refused by name")
{
    struct refusal {
        std::string field;
        worker_options options;
    };
    const refusal cases[] = {
        {"concurrency", {.concurrency = 0}},
        {"concurrency", {.concurrency = 10'001}},
        {"lock_duration", {.lock_duration = 0ms}},
        {"lock_duration", {.lock_duration = -1s}},
        {"lock_duration", {.lock_duration = milliseconds::max()}},
        {"lock_renew_buffer", {.lock_duration = 10s, .lock_renew_buffer = 0ms}},
        {"lock_renew_buffer", {.lock_duration = 10s, .lock_renew_buffer = 10s}},
        {"poll_interval", {.poll_interval = 0ms}},
        {"poll_interval", {.poll_interval = -1ms}},
        {"grace", {.grace = -1ms}},
        {"name", {.name = std::string(101, 'n')}},
        {"name", {.name = "a\nb"}},
        {"name", {.name = "\xFF"}},
    };
    const auto none = [](int_job) -> asio::awaitable<int> { co_return 0; };
    for (const auto& c : cases) {
        INFO(c.field);
        const auto e = error_of([&] { worker<int, int> refused{queue, none, c.options}; });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == c.field);
    }
    const worker_options limits[] = {
        {.concurrency = 10'000, .lock_duration = 2ms, .poll_interval = 1ms, .grace = 0ms, .name = std::string(100, 'n')
        },
        {.lock_duration = 10s, .lock_renew_buffer = 1ms},
        {.lock_duration = 10s, .lock_renew_buffer = 9'999ms},
        {.lock_duration = 366 * 24h},
    };
    for (const auto& options : limits)
        worker<int, int> accepted{queue, none, options};
    co_return;
}

QUEUE_CASE("waits without an end are as long as it takes, not over at once")
{
    co_await queue.add("x", 1, {.id = "a"});
    crowd here{a};
    shift worker{queue, here.processor_of(), {.poll_interval = milliseconds::max(), .grace = milliseconds::max()}};
    co_await a.clock->pass(24h);
    CHECK(a.store->claims() == 1);
    worker.stop();
    co_await a.clock->pass(24h);
    CHECK(here.inside == 1);
    here.out.open();
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
}

TEST_SUITE_END();
