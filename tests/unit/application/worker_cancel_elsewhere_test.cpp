// Jobs that another process cancels.
#include <boost/asio/error.hpp>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "cancelling.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: cancelled jobs");

namespace {

using int_job = job<int, int>;

}  // namespace

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

TEST_SUITE_END();
