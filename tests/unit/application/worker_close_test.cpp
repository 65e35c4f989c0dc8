#include <boost/asio/error.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: closing");

namespace {

using int_job = job<int, int>;

/// A processor that waits at a door of its own for each job; what it does once it is cancelled is up to the test.
struct patient {
    explicit patient(const app& a) : out{a.executor} {}

    door out;
    int started = 0;
    int ended = 0;
    int aborted = 0;
    std::optional<int> when_cancelled{};  // this result instead of the exception

    processor<int, int> processor_of()
    {
        return [this](int_job job) -> asio::awaitable<int> {
            ++started;
            const auto e = co_await error_of(out.pass());
            ++ended;
            if (!e.code)
                co_return 42;
            ++aborted;
            CHECK(job.cancelled());
            if (when_cancelled)
                co_return *when_cancelled;
            throw boost::system::system_error{e.code};
        };
    }
};

/// A processor that takes no notice of cancellation.
processor<int, int> deaf(door& out, int& ended)
{
    return [&](int_job) -> asio::awaitable<int> {
        co_await out.pass_stubbornly();
        ++ended;
        co_return 42;
    };
}

/// `close()` as a task of its own.
struct closing {
    template <class Worker>
    closing(const app& a, Worker& worker, std::optional<milliseconds> grace = {}) : tasks{a.executor}
    {
        tasks.spawn(keep(worker.close(grace), state), state);
    }

    struct outcome {
        bool ended = false;
        close_report report{};
    };
    std::shared_ptr<outcome> state = std::make_shared<outcome>();
    task_group tasks;

    static asio::awaitable<void> keep(asio::awaitable<close_report> close, std::shared_ptr<outcome> out)
    {
        out->report = co_await std::move(close);
        out->ended = true;
    }
};

}  // namespace

TEST_CASE("F10: a close lets running jobs finish, while their locks are renewed and nothing new is taken")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        for (const auto* id : {"a", "b", "c"})
            co_await queue.add("x", 1, {.id = id});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of(), {.concurrency = 2, .lock_duration = 10s, .grace = 1min}};
        recorder own{worker.events()};
        recorder events{queue.events()};
        running run{worker};
        co_await settle();
        closing close{a, worker};
        co_await a.clock->pass(59'999ms);
        CHECK(here.started == 2);
        CHECK(here.ended == 0);
        CHECK_FALSE(close.state->ended);
        CHECK_FALSE(run.ended());
        const auto job = co_await stored(a, "q", "a");
        CHECK(*job.locked_until > a.clock->wall_now());
        here.out.open();
        co_await settle();
        CHECK(close.state->ended);
        const auto report = co_await run.join();
        for (const auto& told : {report, close.state->report}) {
            CHECK(told.finished == ids({"a", "b"}));
            CHECK(told.cancelled.empty());
            CHECK(told.released.empty());
            CHECK(told.abandoned.empty());
        }
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{.waiting = 1, .completed = 2});
        CHECK(own.take().back() == "closed");
        CHECK(events.take() == lines{"active a", "active b", "completed a 42", "completed b 42"});
        CHECK(a.clock->sleepers() == 0);
    });
}

TEST_CASE("an idle worker closes at once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        patient here{a};
        worker<int, int> worker{queue, here.processor_of()};
        recorder own{worker.events()};
        running run{worker};
        co_await settle();
        co_await worker.close();
        CHECK(a.elapsed() == 0ms);
        co_await run.join();
        co_await settle();
        CHECK(own.take() == lines{"ready", "closing", "closed"});
    });
}

TEST_CASE("F12: after the grace running jobs are cancelled and wait again, with no attempt or stall counted")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a", .attempts = 1, .backoff = backoff::fixed(1s)});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of(), {.grace = 5s}};
        running run{worker};
        co_await settle();
        recorder events{queue.events()};
        recorder own{worker.events()};
        worker.stop();
        co_await a.clock->pass(4'999ms);
        CHECK(here.ended == 0);
        co_await a.clock->pass(1ms);
        CHECK(here.aborted == 1);
        CHECK(a.elapsed() == 5s);
        const auto report = co_await run.join();
        CHECK(report.finished.empty());
        CHECK(report.cancelled == ids({"a"}));
        CHECK(report.released.empty());
        CHECK(report.abandoned.empty());
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
        CHECK(job.attempts_made == 0);
        CHECK(job.attempts_started == 1);
        CHECK(job.stalled_count == 0);
        CHECK(job.attempts.empty());
        CHECK_FALSE(job.locked_until);
        co_await settle();
        CHECK(events.take() == lines{"released a"});
        CHECK(own.take() == lines{"closing", "closed"});
    });
}

TEST_CASE("a released job keeps its place before those that were added later")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        co_await queue.add("x", 1, {.id = "b"});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of()};
        running run{worker};
        co_await settle();
        co_await worker.close(0ms);
        co_await run.join();
        const auto taken = co_await queue.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        CHECK(taken[0].job.id() == "a");
    });
}

TEST_CASE("a result that is returned after the cancellation by a close is accepted")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        patient here{a};
        here.when_cancelled = 7;
        worker<int, int> worker{queue, here.processor_of()};
        running run{worker};
        co_await settle();
        co_await worker.close(0ms);
        const auto report = co_await run.join();
        CHECK(here.aborted == 1);
        CHECK(report.finished == ids({"a"}));
        CHECK(report.cancelled.empty());
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::completed);
        CHECK(job.result == "7");
    });
}

TEST_CASE("another exception than operation_aborted after the cancellation is an ordinary failure")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a", .attempts = 2});
        door out{a.executor};
        const auto act = [&](int_job) -> asio::awaitable<int> {
            const auto e = co_await error_of(out.pass());
            throw std::runtime_error{"cannot go on: " + e.text};
        };
        worker<int, int> worker{queue, act};
        running run{worker};
        co_await settle();
        co_await worker.close(0ms);
        const auto report = co_await run.join();
        CHECK(report.finished == ids({"a"}));
        CHECK(report.cancelled.empty());
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
        CHECK(job.attempts_made == 1);
    });
}

TEST_CASE(
    "F13: a processor deaf to cancellation is abandoned a second later: its job waits again, its result is dropped"
)
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        door out{a.executor};
        int ended = 0;
        auto used = std::make_shared<int>(1);
        const std::weak_ptr<int> seen = used;
        auto act = [inner = deaf(out, ended), used = std::move(used)](int_job job) { return inner(std::move(job)); };
        auto worker = std::make_unique<cofila::worker<int, int>>(queue, std::move(act), worker_options{.grace = 5s});
        running run{*worker};
        co_await settle();
        recorder events{queue.events()};
        worker->stop();
        co_await a.clock->pass(5'999ms);
        CHECK_FALSE(run.ended());
        co_await a.clock->pass(1ms);
        CHECK(run.ended());
        const auto report = co_await run.join();
        CHECK(report.released == ids({"a"}));
        CHECK(report.abandoned == ids({"a"}));
        CHECK(report.finished.empty());
        CHECK(report.cancelled.empty());
        auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
        CHECK(job.attempts_made == 0);
        CHECK(job.stalled_count == 0);
        CHECK(events.take() == lines{"released a"});

        worker.reset();
        CHECK_FALSE(seen.expired());  // the processor is kept until its last attempt has ended
        out.open();
        co_await settle();
        CHECK(ended == 1);
        CHECK(seen.expired());
        job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
        CHECK(job.result.empty());
        CHECK(events.take() == lines{});
    });
}

TEST_CASE("an abandoned processor can neither write nor harm who runs the job next")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        door out{a.executor};
        thrown_error log;
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            co_await asio::this_coro::throw_if_cancelled(false);
            co_await out.pass_stubbornly();
            log = co_await error_of(job.log("late"));
            co_return 1;
        };
        worker<int, int> worker{queue, act};
        running run{worker};
        co_await settle();
        closing close{a, worker, 0ms};
        co_await a.clock->pass(1s);
        const auto report = co_await run.join();
        CHECK(report.abandoned == ids({"a"}));
        auto next = co_await queue.fetch_next_and_lock({});
        REQUIRE(next.size() == 1);
        out.open();
        co_await settle();
        CHECK(log.code == errc::lock_lost);
        co_await queue.complete(next[0].claim, 2);
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.result == "2");
    });
}

TEST_CASE("a close reports each job by what became of it")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        for (const auto* id : {"finishes", "fails", "is cancelled", "is deaf"})
            co_await queue.add("x", 1, {.id = id});
        door in_time{a.executor};
        door never{a.executor};
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            if (job.id() == "is deaf")
                co_await never.pass_stubbornly();
            else if (job.id() == "is cancelled")
                co_await never.pass();
            else
                co_await in_time.pass();
            if (job.id() == "fails")
                throw std::runtime_error{"boom"};
            co_return 1;
        };
        worker<int, int> worker{queue, act, {.concurrency = 4, .grace = 10s}};
        running run{worker};
        co_await settle();
        worker.stop();
        in_time.open();
        co_await a.clock->pass(11s);
        const auto report = co_await run.join();
        CHECK(report.finished == ids({"finishes", "fails"}));
        CHECK(report.cancelled == ids({"is cancelled"}));
        CHECK(report.released == ids({"is deaf"}));
        CHECK(report.abandoned == ids({"is deaf"}));
        never.open();
        co_await settle();
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{.waiting = 2, .completed = 1, .failed = 1});
    });
}

TEST_CASE("a second close with less grace shortens it, one with more does not lengthen it")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of(), {.grace = 30s}};
        running run{worker};
        co_await settle();
        closing first{a, worker};
        co_await a.clock->pass(1s);
        closing second{a, worker, 5s};
        co_await a.clock->pass(1s);
        closing third{a, worker, 1h};
        co_await a.clock->pass(3'999ms);
        CHECK(here.ended == 0);
        co_await a.clock->pass(1ms);
        CHECK(here.aborted == 1);
        CHECK(first.state->ended);
        CHECK(second.state->ended);
        CHECK(third.state->ended);
        for (const auto& told : {first.state->report, second.state->report, third.state->report})
            CHECK(told.cancelled == ids({"a"}));
        co_await run.join();
    });
}

TEST_CASE("another close while cancelled jobs end does not take their last second away")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        door out{a.executor};
        const auto tidy = [&](int_job) -> asio::awaitable<int> {
            co_await out.pass_stubbornly();
            co_return 1;
        };
        worker<int, int> worker{queue, tidy, {.grace = 0ms}};
        running run{worker};
        co_await settle();
        worker.stop();
        co_await a.clock->pass(500ms);
        worker.stop();
        closing close{a, worker, 0ms};
        co_await a.clock->pass(499ms);
        CHECK_FALSE(run.ended());
        out.open();
        const auto report = co_await run.join();
        CHECK(report.finished == ids({"a"}));
        CHECK(report.abandoned.empty());
    });
}

TEST_CASE("F11: stop any number of times is one close")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of(), {.grace = 5s}};
        recorder own{worker.events()};
        running run{worker};
        co_await settle();
        own.take();
        for (int i = 0; i < 5; ++i) {
            worker.stop();
            co_await a.clock->pass(500ms);
        }
        CHECK(here.ended == 0);
        here.out.open();
        const auto report = co_await run.join();
        CHECK(report.finished == ids({"a"}));
        worker.stop();
        const auto again = co_await worker.close();
        CHECK(again.finished == ids({"a"}));
        co_await settle();
        CHECK(own.take() == lines{"closing", "job_processed a x", "closed"});
    });
}

TEST_CASE("cancelling run() acts as stop(), and run() returns its report")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of(), {.grace = 5s}};
        running run{worker};
        co_await settle();
        run.cancel();
        run.cancel();
        co_await a.clock->pass(4'999ms);
        CHECK(here.ended == 0);
        CHECK_FALSE(run.ended());
        co_await a.clock->pass(1ms);
        const auto report = co_await run.join();
        CHECK(report.cancelled == ids({"a"}));
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
    });
}

TEST_CASE("cancelling a close does not end its wait")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of(), {.grace = 5s}};
        running run{worker};
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
        co_await run.join();
    });
}

TEST_CASE("a close without a run returns at once, and a later run does nothing")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("a stop before the run lets the run return at once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        patient here{a};
        worker<int, int> worker{queue, here.processor_of()};
        worker.stop();
        co_await worker.run();
        CHECK(a.elapsed() == 0ms);
    });
}

TEST_CASE("run may be called once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        patient here{a};
        worker<int, int> worker{queue, here.processor_of()};
        running run{worker};
        co_await settle();
        const auto while_running = co_await error_of(worker.run());
        CHECK(while_running.code == errc::invalid_argument);
        CHECK(while_running.field == "run");
        co_await worker.close();
        co_await run.join();
        const auto afterwards = co_await error_of(worker.run());
        CHECK(afterwards.code == errc::invalid_argument);
    });
}

TEST_CASE("a run on a closed queue throws closed, and such a worker can be closed")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        patient here{a};
        worker<int, int> worker{queue, here.processor_of()};
        co_await queue.close();
        const auto e = co_await error_of(worker.run());
        CHECK(e.code == errc::closed);
        closing close{a, worker};
        co_await settle();
        CHECK(close.state->ended);
    });
}

TEST_CASE("close may be called from an event's slot")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("stop may be called from a processor, and its own job finishes")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("a worker that is destroyed while it runs cancels its jobs and ends by itself")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_CASE("a worker whose run() nobody awaits any more ends when it is destroyed")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        patient here{a};
        {
            worker<int, int> never_run{queue, here.processor_of()};
            auto dropped = never_run.run();
        }
        co_await queue.add("x", 1, {.id = "a"});
        co_await settle();
        CHECK(here.started == 0);
    });
}

TEST_CASE("jobs that a claim under way brings after the stop are released unstarted")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        for (const auto* id : {"a", "b"})
            co_await queue.add("x", 1, {.id = id});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of(), {.concurrency = 2}};
        recorder own{worker.events()};
        recorder events{queue.events()};
        a.store->hold_answer(op::settle);
        running run{worker};
        co_await settle();
        REQUIRE(a.store->held(op::settle) == 1);
        worker.stop();
        co_await a.clock->pass(100ms);
        CHECK_FALSE(run.ended());
        a.store->let_go(op::settle);
        const auto report = co_await run.join();
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
    });
}

TEST_CASE("what was released at a close is taken by another worker of the process at once")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        patient first{a};
        patient second{a};
        worker<int, int> one{queue, first.processor_of()};
        running run_one{one};
        co_await settle();
        worker<int, int> two{queue, second.processor_of()};
        running run_two{two};
        co_await settle();
        CHECK(second.started == 0);
        co_await one.close(0ms);
        co_await run_one.join();
        co_await settle();
        CHECK(second.started == 1);
        CHECK(a.elapsed() == 0ms);
        second.out.open();
        co_await two.close();
        co_await run_two.join();
    });
}

TEST_CASE("a worker registers its process while it runs")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
        co_await queue.add("x", 1, {.id = "a"});
        patient here{a};
        worker<int, int> worker{queue, here.processor_of()};
        running run{worker};
        co_await settle();
        const auto locks = co_await a.store->inner().locks();
        REQUIRE(locks.size() == 1);
        CHECK(locks[0].process.has_value());
        CHECK(a.store->calls(op::register_worker) == 1);
        CHECK(a.store->calls(op::forget_worker) == 0);
        here.out.open();
        co_await worker.close();
        co_await run.join();
        CHECK(a.store->calls(op::forget_worker) == 1);
    });
}

TEST_CASE("closing the queue closes its workers first, all at once, and then every call throws closed")
{
    run_app([](app& a) -> asio::awaitable<void> {
        auto queue = a.engine.queue<int, int>("q");
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
    });
}

TEST_SUITE_END();
