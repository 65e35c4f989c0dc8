#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: running jobs");

namespace {

using int_queue = queue<int, int>;
using int_job = job<int, int>;

/// Notes which jobs ran, and when.
struct notes {
    lines ran{};

    processor<int, int> processor_of(app& a)
    {
        return [this, &a](int_job job) -> asio::awaitable<int> {
            ran.push_back(job.id().str() + " at " + std::to_string(a.elapsed().count()));
            co_return job.data();
        };
    }
    lines take() { return std::exchange(ran, {}); }
};

/// How many run at once, and how many ever did. Jobs end when `out` is opened.
struct crowd {
    explicit crowd(const app& a) : out{a.executor} {}

    door out;
    int inside = 0;
    int most = 0;
    int ended = 0;

    processor<int, int> processor_of()
    {
        return [this](int_job) -> asio::awaitable<int> {
            most = std::max(most, ++inside);
            co_await out.pass();
            --inside;
            ++ended;
            co_return 0;
        };
    }
};

asio::awaitable<void> add_many(int_queue queue, int count)
{
    std::vector<job_spec<int>> jobs;
    for (int i = 0; i < count; ++i)
        jobs.push_back({.name = "x", .data = i});
    co_await queue.add_bulk(std::move(jobs));
}

}  // namespace

TEST_CASE("a worker runs what is waiting, stores the results, and tells of each step")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
        CHECK(worker.id().size() == 2 + 36);
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
    });
}

TEST_CASE("jobs run by priority, then lifo ones newest first, then by age")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "late", .priority = 2'097'151});
        co_await queue.add("x", 1, {.id = "p5 first", .priority = 5});
        co_await queue.add("x", 1, {.id = "p0 first"});
        co_await queue.add("x", 1, {.id = "p5 second", .priority = 5});
        co_await queue.add("x", 1, {.id = "p0 second"});
        co_await queue.add("x", 1, {.id = "lifo first", .lifo = true});
        co_await queue.add("x", 1, {.id = "lifo second", .lifo = true});
        co_await queue.add("x", 1, {.id = "p5 lifo", .priority = 5, .lifo = true});
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        running run{worker};
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
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a delayed job starts in the millisecond in which it is due, and not before")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        running run{worker};
        co_await settle();
        co_await queue.add("x", 1, {.id = "c", .delay = 7'001ms});  // beyond the safety poll
        co_await queue.add("x", 1, {.id = "b", .delay = 1'500ms});
        co_await queue.add("x", 1, {.id = "a", .delay = 1ms});
        co_await queue.add("x", 1, {.id = "b2", .delay = 1'500ms});
        co_await a.clock->pass(10s);
        CHECK(seen.take() == lines{"a at 1", "b at 1500", "b2 at 1500", "c at 7001"});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a delayed job that was there before the worker starts when it is due")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a", .delay = 1'234ms});
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        running run{worker};
        co_await a.clock->pass(1'233ms);
        CHECK(seen.take() == lines{});
        co_await a.clock->pass(1ms);
        CHECK(seen.take() == lines{"a at 1234"});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a promoted delayed job starts at once, and is not run again when it would have been due")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        running run{worker};
        const auto job = co_await queue.add("x", 1, {.id = "a", .delay = 2s});
        co_await a.clock->pass(1s);
        co_await job.promote();
        co_await settle();
        CHECK(seen.take() == lines{"a at 1000"});
        co_await a.clock->pass(10s);
        CHECK(seen.take() == lines{});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("F58: a delayed job does not start early when the wall clock is set back")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        running run{worker};
        co_await queue.add("x", 1, {.id = "a", .delay = 10s});
        co_await a.clock->pass(5s);
        a.clock->step_wall(-3'000ms);
        co_await a.clock->pass(7'999ms);
        CHECK(seen.take() == lines{});
        co_await a.clock->pass(1ms);
        CHECK(seen.take() == lines{"a at 10000"});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("F57: a delayed job that a step of the wall clock makes due is found by the safety poll")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a), {.poll_interval = 5s}};
        running run{worker};
        co_await queue.add("x", 1, {.id = "a", .delay = 1h});
        co_await a.clock->pass(1s);
        a.clock->step_wall(1h);
        co_await a.clock->pass(5s);
        CHECK(seen.take().size() == 1);
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("no more jobs run at once than the concurrency allows, and no fewer")
{
    for (const int concurrency : {1, 3, 10}) {
        INFO(concurrency);
        run_app([concurrency](app& a) -> asio::awaitable<void> {
            auto queue = a.engine.queue<int, int>("q");
            co_await add_many(queue, 25);
            crowd here{a};
            worker<int, int> worker{queue, here.processor_of(), {.concurrency = concurrency}};
            running run{worker};
            co_await settle();
            CHECK(here.inside == concurrency);
            const auto counts = co_await queue.get_job_counts();
            CHECK(counts.active == static_cast<std::size_t>(concurrency));
            here.out.open();
            co_await settle();
            CHECK(here.ended == 25);
            CHECK(here.most == concurrency);
            co_await worker.close();
            co_await run.join();
        });
    }
}

TEST_CASE("a slot that becomes free is filled at once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        std::vector<std::unique_ptr<door>> doors;
        lines started;
        for (int i = 0; i < 4; ++i) {
            doors.push_back(std::make_unique<door>(a.executor));
            co_await queue.add("x", i);
        }
        const auto wait = [&](int_job job) -> asio::awaitable<int> {
            started.push_back(std::to_string(job.data()));
            co_await doors[static_cast<std::size_t>(job.data())]->pass();
            co_return 0;
        };
        worker<int, int> worker{queue, wait, {.concurrency = 2}};
        running run{worker};
        co_await settle();
        CHECK(started == lines{"0", "1"});
        doors[1]->open();
        co_await settle();
        CHECK(started == lines{"0", "1", "2"});
        doors[2]->open();
        co_await settle();
        CHECK(started == lines{"0", "1", "2", "3"});
        doors[0]->open();
        doors[3]->open();
        co_await settle();
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{.completed = 4});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("F96: the concurrency can be changed while the worker runs, and leaves running jobs alone")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await add_many(queue, 12);
        crowd here{a};
        worker<int, int> worker{queue, here.processor_of(), {.concurrency = 2}};
        running run{worker};
        co_await settle();
        CHECK(here.inside == 2);
        worker.concurrency(5);
        co_await settle();
        CHECK(here.inside == 5);
        worker.concurrency(1);
        co_await settle();
        CHECK(here.inside == 5);
        here.most = 0;
        here.out.open();
        co_await settle();
        CHECK(here.ended == 12);
        CHECK(here.most <= 5);
        for (const int wrong : {0, -1, 10'001, std::numeric_limits<int>::max()}) {
            const auto e = error_of([&] { worker.concurrency(wrong); });
            CHECK(e.code == errc::invalid_argument);
            CHECK(e.field == "concurrency");
        }
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a paused worker takes nothing and finishes what runs; other workers go on")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        crowd here{a};
        worker<int, int> worker{queue, here.processor_of(), {.concurrency = 2}};
        running run{worker};
        co_await queue.add("x", 1);
        co_await settle();
        CHECK(here.inside == 1);
        worker.pause();
        co_await queue.add("x", 1, {.id = "b"});
        co_await a.clock->pass(1min);
        CHECK(here.inside == 1);
        here.out.open();
        co_await settle();
        CHECK(here.ended == 1);
        const auto paused = co_await queue.is_paused();
        CHECK_FALSE(paused);

        notes seen;
        cofila::worker<int, int> other{queue, seen.processor_of(a)};
        running other_run{other};
        co_await settle();
        CHECK(seen.take() == lines{"b at 60000"});
        co_await other.close();
        co_await other_run.join();

        co_await queue.add("x", 1);
        worker.resume();
        co_await settle();
        CHECK(here.ended == 2);
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a worker that was paused before it ran takes nothing until it is resumed")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        worker.pause();
        running run{worker};
        co_await a.clock->pass(1min);
        CHECK(seen.take() == lines{});
        CHECK(a.store->claims() == 0);
        worker.resume();
        co_await settle();
        CHECK(seen.take() == lines{"a at 60000"});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("nothing is taken from a paused queue until it is resumed, then at once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        running run{worker};
        co_await queue.pause();
        co_await queue.add("x", 1, {.id = "a"});
        co_await queue.add("x", 1, {.id = "b", .delay = 1s});
        co_await a.clock->pass(12s);
        CHECK(seen.take() == lines{});
        co_await queue.resume();
        co_await settle();
        CHECK(seen.take() == lines{"a at 12000", "b at 12000"});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("an idle worker asks the store at its start and then once every poll_interval")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a), {.concurrency = 8, .poll_interval = 5s}};
        running run{worker};
        co_await settle();
        CHECK(a.store->claims() == 1);
        CHECK(a.clock->sleepers() == 1);
        co_await a.clock->pass(4'999ms);
        CHECK(a.store->claims() == 1);
        co_await a.clock->pass(1ms);
        CHECK(a.store->claims() == 2);
        co_await a.clock->pass(1min);
        CHECK(a.store->claims() == 14);
        CHECK(a.store->calls(op::extend) == 0);
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("F87: what another process adds is found by the safety poll at the latest")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a), {.poll_interval = 700ms}};
        running run{worker};
        co_await settle();
        auto other = co_await engine::open(a.options());  // has no way to tell the first one
        co_await other.queue<int, int>("q").add("x", 1, {.id = "a"});
        co_await a.clock->pass(10s);
        CHECK(seen.take() == lines{"a at 700"});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a change by another process wakes an idle worker at once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a)};
        running run{worker};
        co_await settle();
        auto other = co_await engine::open(a.options());
        co_await other.queue<int, int>("q").add("x", 1, {.id = "a"});
        co_await settle();
        CHECK(seen.take() == lines{});
        const auto claims = a.store->claims();
        a.store->changes.set();
        co_await settle();
        CHECK(seen.take() == lines{"a at 0"});
        CHECK(a.store->claims() == claims + 2);  // the one that found it, and the one with its settlement
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("the store is watched for the changes of others only while a worker waits for jobs")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await settle();
        CHECK(a.store->calls(op::changed) == 0);
        crowd here{a};
        worker<int, int> worker{queue, here.processor_of()};
        running run{worker};
        co_await settle();
        CHECK(a.store->calls(op::changed) == 1);
        co_await queue.add("x", 1);
        co_await settle();
        a.store->changes.set();
        co_await settle();
        CHECK(a.store->calls(op::changed) == 1);  // nobody has a free slot
        here.out.open();
        co_await settle();
        CHECK(a.store->calls(op::changed) == 2);
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("F86: a job that is added while a claim is answered is not overlooked")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a), {.concurrency = 2}};
        a.store->hold_answer(op::settle);
        running run{worker};
        co_await settle();
        REQUIRE(a.store->held(op::settle) == 1);  // has found nothing
        co_await queue.add("x", 1, {.id = "a"});
        co_await queue.add("x", 1, {.id = "b", .delay = 300ms});
        a.store->let_go(op::settle);
        co_await settle();
        CHECK(seen.take() == lines{"a at 0"});
        co_await a.clock->pass(300ms);
        CHECK(seen.take() == lines{"b at 300"});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("ended jobs are settled together with the claim of the next ones")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await add_many(queue, 30);
        notes seen;
        worker<int, int> worker{queue, seen.processor_of(a), {.concurrency = 10}};
        running run{worker};
        co_await settle();
        CHECK(seen.take().size() == 30);
        CHECK(a.store->calls(op::settle) == 4);
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a job added by the processor itself is run")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        const auto count_down = [queue](int_job job) -> asio::awaitable<int> {
            if (job.data() > 0)
                co_await queue.add("next", job.data() - 1);
            co_return job.data();
        };
        worker<int, int> worker{queue, count_down};
        running run{worker};
        co_await queue.add("first", 5);
        co_await settle();
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{.completed = 6});
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("two workers of one queue share the jobs, each runs once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await add_many(queue, 10);
        std::vector<int> first;
        std::vector<int> second;
        const auto into = [](std::vector<int>& seen) {
            return [&seen](int_job job) -> asio::awaitable<int> {
                seen.push_back(job.data());
                const auto executor = co_await asio::this_coro::executor;
                co_await asio::post(executor, asio::use_awaitable);  // lets the other one in
                co_return 0;
            };
        };
        worker<int, int> one{queue, into(first)};
        worker<int, int> two{queue, into(second)};
        CHECK(one.id() != two.id());
        running run_one{one};
        running run_two{two};
        co_await settle();
        auto all = first;
        all.insert(all.end(), second.begin(), second.end());
        std::ranges::sort(all);
        CHECK(all == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
        CHECK(first.size() >= 3);
        CHECK(second.size() >= 3);
        co_await one.close();
        co_await two.close();
        co_await run_one.join();
        co_await run_two.join();
    });
}

TEST_CASE("progress and log are written while the job runs")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
        worker<int, int> worker{queue, report};
        running run{worker};
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
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("a handle that a processor kept can read the job afterwards, but not write to it")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        int_job kept;
        const auto keep = [&](int_job job) -> asio::awaitable<int> {
            kept = job;
            co_return 1;
        };
        worker<int, int> worker{queue, keep};
        running run{worker};
        co_await settle();
        const auto e = co_await error_of(kept.update_progress(1));
        CHECK(e.code == errc::lock_lost);
        co_await kept.refresh();
        CHECK(kept.state() == job_state::completed);
        co_await worker.close();
        co_await run.join();
    });
}

TEST_CASE("worker options out of their range are refused by name")
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
    run_app([&](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        const auto none = [](int_job) -> asio::awaitable<int> { co_return 0; };
        for (const auto& c : cases) {
            INFO(c.field);
            const auto e = error_of([&] { worker<int, int> refused{queue, none, c.options}; });
            CHECK(e.code == errc::invalid_argument);
            CHECK(e.field == c.field);
        }
        const worker_options limits[] = {
            {.concurrency = 10'000,
             .lock_duration = 2ms,
             .poll_interval = 1ms,
             .grace = 0ms,
             .name = std::string(100, 'n')},
            {.lock_duration = 10s, .lock_renew_buffer = 1ms},
            {.lock_duration = 10s, .lock_renew_buffer = 9'999ms},
            {.lock_duration = 366 * 24h},
        };
        for (const auto& options : limits)
            worker<int, int> accepted{queue, none, options};
        co_return;
    });
}

TEST_CASE("waits without an end are as long as it takes, not over at once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        crowd here{a};
        worker<int, int> worker{
            queue, here.processor_of(), {.poll_interval = milliseconds::max(), .grace = milliseconds::max()}
        };
        running run{worker};
        co_await a.clock->pass(24h);
        CHECK(a.store->claims() == 1);
        worker.stop();
        co_await a.clock->pass(24h);
        CHECK(here.inside == 1);
        here.out.open();
        const auto report = co_await run.join();
        CHECK(report.finished == ids({"a"}));
    });
}

TEST_SUITE_END();
