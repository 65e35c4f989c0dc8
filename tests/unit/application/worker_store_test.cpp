#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: a store that fails");

namespace {

using int_job = job<int, int>;

}  // namespace

QUEUE_CASE("F28: a settlement that the store refuses is told, tried again at growing intervals, and not lost")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    recorder events{queue.events()};
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    own.take();
    events.take();
    const auto calls = a.store->calls(op::settle);
    a.store->fail(op::settle, 8, errc::storage_full);
    here.out.open();
    milliseconds waited{0};
    for (const auto pause : {50ms, 100ms, 200ms, 400ms, 800ms, 1600ms, 2000ms, 2000ms}) {
        co_await settle();
        CHECK(own.take() == lines{"error scripted"});
        CHECK(events.take() == lines{});
        const auto before = a.store->calls(op::settle);
        co_await a.clock->pass(pause - 1ms);
        CHECK(a.store->calls(op::settle) == before);
        co_await a.clock->pass(1ms);
        CHECK(a.store->calls(op::settle) == before + 1);
        waited += pause;
    }
    CHECK(a.store->calls(op::settle) == calls + 9);
    CHECK(a.elapsed() == waited);
    CHECK(own.take() == lines{"job_processed a x"});
    CHECK(events.take() == lines{"completed a 42", "drained"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.finished_at == a.at(0ms));
    CHECK(job.attempts_made == 1);

    // After a success the intervals begin anew.
    a.store->fail(op::settle);
    co_await queue.add("x", 1, {.id = "b"});
    co_await a.clock->pass(50ms);
    CHECK(own.take() == lines{"job_active b x 1", "error scripted", "job_processed b x"});
    co_await worker.finish();
}

APP_CASE(
    "a store that cannot be written is logged once, however often a task finds out, and again after a minute without it"
)
{
    std::vector<std::string> log;
    auto options = a.options();
    options.maintenance = maintenance_options{.interval = 5s};
    options.logger = {.level = log_level::warning, .sink = [&](log_level, std::string_view line) {
                          if (!line.starts_with("queue 'q': job 'a' stalled"))
                              log.emplace_back(line);
                      }};
    auto engine = co_await engine::open(std::move(options));
    auto queue = engine.queue<int, int>("q");
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    here.out.open();
    for (const auto which : {op::settle, op::extend, op::sweep, op::locks})
        a.store->fail(which, 1000, errc::storage_readonly);
    co_await a.clock->pass(5min);
    CHECK(log == lines{"scripted"});
    const auto seen = own.take();
    CHECK(std::ranges::count(seen, "error scripted") > 100);
    for (const auto which : {op::settle, op::extend, op::sweep, op::locks})
        a.store->fail(which, 0);
    co_await a.clock->pass(70s);
    a.store->fail(op::sweep);
    co_await a.clock->pass(10s);
    CHECK(log == lines{"scripted", "scripted"});
    co_await worker.finish();
    co_await engine.close();
}

QUEUE_CASE("a mistake of the library lets a worker go on, and what others have put into the file ends it")
{
    const auto act = [](int_job) -> asio::awaitable<int> { co_return 1; };
    shift worker{queue, act};
    co_await settle();
    a.store->fail(op::settle, 1, errc::internal);
    co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(1s);
    CHECK_FALSE(worker.ended());
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    a.store->fail(op::settle, 5, errc::storage_foreign);
    co_await a.clock->pass(10s);
    CHECK(worker.ended());
    const auto thrown = co_await error_of(worker.join());
    CHECK(thrown.code == errc::storage_foreign);
}

QUEUE_CASE("what ends while the store fails is settled with the rest, each once")
{
    for (const auto* id : {"a", "b", "c"})
        co_await queue.add("x", 1, {.id = id});
    std::vector<std::unique_ptr<door>> doors;
    for (int i = 0; i < 3; ++i)
        doors.push_back(std::make_unique<door>(a.executor));
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        co_await doors.at(static_cast<std::size_t>(job.id().str()[0] - 'a'))->pass();
        co_return 1;
    };
    recorder events{queue.events()};
    shift worker{queue, act, {.concurrency = 3}};
    co_await settle();
    events.take();
    a.store->fail(op::settle, 3);
    for (auto& out : doors) {
        out->open();
        co_await settle();
    }
    co_await a.clock->pass(1s);
    CHECK(a.store->last_settlements().size() == 3);
    CHECK(events.take() == lines{"completed a 1", "completed b 1", "completed c 1", "drained"});
    co_await worker.finish();
}

QUEUE_CASE("an answer that got lost is no harm: the settlement is repeated and recognised")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    recorder events{queue.events()};
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    own.take();
    events.take();
    a.store->lose_answer(op::settle, errc::outcome_unknown);
    here.out.open();
    co_await a.clock->pass(1s);
    CHECK(own.take() == lines{"error scripted", "job_processed a x"});
    CHECK(events.take().at(0) == "completed a 42");
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.attempts_made == 1);
    co_await worker.finish();
}

QUEUE_CASE("claims that fail are tried again, and the jobs run when the store works again")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    here.out.open();
    recorder own;
    a.store->fail(op::settle, 2);
    shift worker{own, queue, here.processor_of()};
    co_await a.clock->pass(149ms);
    CHECK(here.started == 0);
    co_await a.clock->pass(1ms);
    CHECK(here.started == 1);
    CHECK(own.take() == lines{"ready", "error scripted", "error scripted", "job_active a x 1", "job_processed a x"});
    co_await worker.finish();
}

QUEUE_CASE(
    "jobs that a lost answer claimed are rescued by the maintenance when their locks have run out",
    maintenance_options{.interval = 1s}
)
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    here.out.open();
    a.store->lose_answer(op::settle, errc::outcome_unknown);
    shift worker{queue, here.processor_of(), {.lock_duration = 30s}};
    co_await a.clock->pass(29s);
    CHECK(here.started == 0);
    co_await a.clock->pass(2s);
    CHECK(here.started == 1);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.stalled_count == 1);
    co_await worker.finish();
}

QUEUE_CASE("a store that fails until the locks run out costs them, and the worker still ends")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of(), {.lock_duration = 30s, .grace = 1min}};
    co_await settle();
    a.store->fail(op::settle, 1'000'000);
    a.store->fail(op::extend, 1'000'000);
    here.out.open();
    worker.stop();
    co_await a.clock->pass(29'999ms);
    CHECK_FALSE(worker.ended());
    co_await a.clock->pass(3s);
    CHECK(worker.ended());
    const auto report = co_await worker.join();
    CHECK(report.unstored == ids({"a"}));
    CHECK(report.finished.empty());
    const auto seen = own.take();
    CHECK(std::ranges::count(seen, "lock_lost a") == 1);
    CHECK(std::ranges::count(seen, "job_processed a x") == 0);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::active);
}

QUEUE_CASE("a store that was closed by somebody else ends the worker")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b"});
    patient here{a};
    recorder own;
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    own.take();
    co_await a.store->inner().close();
    here.out.open();
    const auto report = co_await worker.join();
    CHECK(here.started == 1);
    CHECK(report.released.empty());
    co_await settle();
    const auto seen = own.take();
    CHECK(std::ranges::count(seen, "closed") == 1);
    CHECK(seen.at(0) == "error the repository has been closed");
}

QUEUE_CASE("a process that cannot be registered is told, and the worker works all the same")
{
    co_await queue.add("x", 1, {.id = "a"});
    patient here{a};
    here.out.open();
    recorder own;
    a.store->fail(op::register_worker);
    a.store->fail(op::forget_worker);
    shift worker{own, queue, here.processor_of()};
    co_await settle();
    CHECK(own.take() == lines{"error scripted", "ready", "job_active a x 1", "job_processed a x"});
    co_await worker.finish();
    co_await settle();
    CHECK(own.take() == lines{"closing", "error scripted", "closed"});
}

QUEUE_CASE("progress that the store refuses throws in the processor, which may go on")
{
    co_await queue.add("x", 1, {.id = "a"});
    thrown_error progress;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        progress = co_await error_of(job.update_progress(1));
        CHECK(job.progress().is_null());
        co_await job.log("still here");
        co_return 1;
    };
    recorder events{queue.events()};
    a.store->fail(op::progress);
    shift worker{queue, act};
    co_await settle();
    CHECK(progress.code == errc::storage_busy);
    CHECK(events.take() == lines{"active a", "log a still here", "completed a 1", "drained"});
    co_await worker.finish();
}

QUEUE_CASE("a watch for the changes of others that fails is told and begun again, and the safety poll goes on")
{
    recorder events{queue.events()};
    patient here{a};
    here.out.open();
    a.store->fail(op::changed, 3);
    shift worker{queue, here.processor_of()};
    co_await a.clock->pass(10s);
    CHECK(events.take() == lines{"error scripted", "error scripted", "error scripted"});
    CHECK(a.store->calls(op::changed) == 4);
    co_await worker.finish();
}

TEST_SUITE_END();
