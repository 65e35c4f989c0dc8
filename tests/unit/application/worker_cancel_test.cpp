#include <boost/asio/error.hpp>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "closing.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: cancelled jobs");

namespace {

using int_job = job<int, int>;

/// As another process does it: nobody here is told.
asio::awaitable<void> cancel_elsewhere(app& a, job_id id)
{
    const auto answer =
        co_await a.store->inner().change("q", std::move(id), cancellation{.why = "no more"}, a.clock->wall_now());
    REQUIRE(answer.done());
}

void check_cancelled(const job_record& job)
{
    CHECK(job.state == job_state::failed);
    CHECK(job.failed_reason == "cancelled: no more");
    CHECK(job.result.empty());
    CHECK(job.attempts_started == 1);
    CHECK(job.attempts_made == 1);
    CHECK_FALSE(job.cancelled);
    CHECK_FALSE(job.locked_until);
}

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

QUEUE_CASE("a job that is cancelled by another process is asked to end when its lock is renewed")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.lock_duration = 30s}};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    recorder events{queue.events()};
    co_await cancel_elsewhere(a, "a");
    co_await a.clock->pass(14'999ms);
    CHECK(here.ended == 0);
    co_await a.clock->pass(1ms);
    CHECK(here.aborted == 1);
    CHECK(events.take() == lines{"failed a cancelled: no more", "drained"});
    const auto job = co_await stored(a, "q", "a");
    check_cancelled(job);
    co_await worker.finish();
}

QUEUE_CASE("each write of a running job brings the news of its cancellation by another process")
{
    const std::map<std::string, std::function<asio::awaitable<void>(int_job)>> writes{
        {"progress", [](int_job job) { return job.update_progress(1); }},
        {"log", [](int_job job) { return job.log("line"); }},
        {"data", [](int_job job) { return job.update_data(2); }},
    };
    door write{a.executor};
    door never{a.executor};
    std::vector<std::string> seen;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        co_await write.pass();
        co_await writes.at(job.id().str())(job);
        CHECK(job.cancel_reason() == cancel_reason::cancelled);
        CHECK(job.cancel_requested() == "no more");
        const auto e = co_await error_of(never.pass());
        CHECK(e.code == asio::error::operation_aborted);
        seen.push_back(job.id().str());
        co_return 7;
    };
    shift worker{queue, act, {.concurrency = 3}};
    for (const auto& [id, what] : writes)
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    for (const auto& [id, what] : writes)
        co_await cancel_elsewhere(a, id);
    write.open();
    co_await settle();
    CHECK(a.elapsed() == 0ms);
    CHECK(seen.size() == writes.size());
    for (const auto& [id, what] : writes) {
        const auto job = co_await stored(a, "q", id);
        check_cancelled(job);
    }
    co_await worker.finish();
}

TEST_CASE("a commit of another process while a job runs is a reason to look whether it was cancelled")
{
    for (const int slots : {1, 2}) {  // with the second one the worker waits for jobs too
        INFO(slots);
        run_app([slots](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            patient here{a};
            shift worker{queue, here.processor_of(), {.concurrency = slots}};
            co_await queue.add("x", 1, {.id = "a"});
            a.store->own_commits.set();
            co_await settle();
            CHECK(a.store->watching == slots - 1);
            CHECK(a.store->watching_in_no_hurry == 2 - slots);
            co_await cancel_elsewhere(a, "a");
            CHECK(here.ended == 0);
            a.store->changes.set();
            co_await settle();
            CHECK(here.aborted == 1);
            CHECK(a.elapsed() == 0ms);
            CHECK(a.store->calls(op::extend) == 0);
            const auto job = co_await stored(a, "q", "a");
            check_cancelled(job);
            co_await worker.finish();
        });
    }
}

QUEUE_CASE("however often others commit, a worker looks once in 50 ms, and without jobs of its own not at all")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    const auto commits = [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 100; ++i) {
            a.store->changes.set();
            co_await a.clock->pass(10ms);
        }
    };
    co_await settle();
    co_await commits();
    CHECK(a.store->calls(op::cancellations) == 0);
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    co_await commits();
    CHECK(a.store->calls(op::cancellations) == 20);
    CHECK(here.ended == 0);
    here.out.open();
    co_await worker.finish();
}

QUEUE_CASE("a look that fails is told, and the next one finds the cancellation")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    recorder own{worker.events()};
    co_await cancel_elsewhere(a, "a");
    a.store->fail(op::cancellations);
    a.store->changes.set();
    co_await settle();
    CHECK(own.take() == lines{"error scripted"});
    CHECK(here.ended == 0);
    a.store->changes.set();
    co_await a.clock->pass(50ms);
    CHECK(here.aborted == 1);
    co_await worker.finish();
}

QUEUE_CASE("while its worker has yet to end it, a job tells that it was cancelled, and so does why")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    auto job = (co_await queue.get_job("a")).value();
    CHECK(job.cancel_requested() == std::nullopt);
    CHECK(job.cancel_reason() == cancel_reason::none);  // it is not the one that runs
    co_await cancel_elsewhere(a, "a");
    co_await job.refresh();
    CHECK(job.cancel_requested() == "no more");
    const auto why = co_await queue.why("a");
    REQUIRE(!why.causes.empty());
    CHECK(why.causes[0].what == why_cause::kind::asked_to_end);
    CHECK(why.text.find("waits for worker " + worker.id()) != std::string::npos);
    co_await a.clock->pass(15s);
    co_await job.refresh();
    CHECK(job.cancel_requested() == std::nullopt);
    CHECK(job.failed_reason() == "cancelled: no more");
    co_await worker.finish();
}

QUEUE_CASE("a job that ends before its worker hears of its cancellation is completed, or does not run again")
{
    door out{a.executor};
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        co_await out.pass();
        if (job.id() == "fails")
            throw std::runtime_error{"boom"};
        co_return 7;
    };
    shift worker{queue, act, {.concurrency = 2}};
    for (const auto* id : {"completes", "fails"})
        co_await queue.add("x", 1, {.id = id, .attempts = 5});
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await cancel_elsewhere(a, "completes");
    co_await cancel_elsewhere(a, "fails");
    out.open();
    co_await settle();
    CHECK(events.take() == lines{"completed completes 7", "failed fails cancelled: no more", "drained"});
    CHECK(own.take() == lines{"job_processed completes x"});
    const auto completed = co_await stored(a, "q", "completes");
    CHECK(completed.result == "7");
    const auto failed = co_await stored(a, "q", "fails");
    check_cancelled(failed);
    co_await a.clock->pass(1min);  // nothing of it is held any more
    CHECK(a.store->calls(op::extend) == 0);
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

QUEUE_CASE("a worker can be asked to end a job that it runs, and says whether it runs it")
{
    patient here{a};
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "waits"});
    co_await settle();
    CHECK_FALSE(worker.cancel_job("waits", "no more"));
    CHECK_FALSE(worker.cancel_job("nobody's", "no more"));
    CHECK(worker.cancel_job("a", "no more"));
    co_await settle();
    CHECK_FALSE(worker.cancel_job("a", "no more"));
    const auto job = co_await stored(a, "q", "a");
    check_cancelled(job);
    here.out.open();
    co_await worker.finish();
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

QUEUE_CASE("all jobs that a worker runs are asked to end at once, and those that it has given back are not")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2, .prefetch = 1}};
    CHECK(worker.cancel_all("nothing to do") == 0);
    for (const auto* id : {"a", "b", "c", "d"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    REQUIRE(here.started == 2);
    worker.pause();  // gives back what it has claimed ahead
    co_await settle();
    CHECK(worker.cancel_all("no more") == 2);
    co_await settle();
    CHECK(here.aborted == 2);
    const auto failed = co_await queue.get_jobs({.state = job_state::failed});
    REQUIRE(failed.items.size() == 2);
    for (const auto& job : failed.items)
        CHECK(job.failed_reason() == "cancelled: no more");
    worker.resume();
    co_await settle();
    CHECK(worker.cancel_all("no more") == 2);
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.failed = 4});
    co_await worker.finish();
}

QUEUE_CASE("a job that was claimed ahead is among all that are cancelled")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 1, .prefetch = 1}};
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    const auto active = co_await queue.get_job_counts();
    REQUIRE(active.active == 2);
    CHECK(worker.cancel_all("no more") == 2);
    co_await settle();
    CHECK(here.started == 1);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.failed = 2});
    co_await worker.finish();
}

TEST_SUITE_END();
