// What a shutdown asks of processors, and what it makes of their ends.
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: shutdown");

namespace {

using int_job = job<int, int>;

struct own_error {
    std::string text{};
};

/// What processors make of their cancellation.
const std::map<std::string, std::function<void(const int_job&)>> translations{
    {"asks", [](const int_job& job) { job.throw_if_cancelled(); }},
    {"words it itself", [](const int_job&) { throw std::runtime_error{"cannot go on"}; }},
    {"gives up for good", [](const int_job&) { throw unrecoverable_error{"never again"}; }},
    {"throws what is no exception", [](const int_job&) { throw own_error{"stopped"}; }},
    {"nests",
     [](const int_job& job) {
         try {
             job.throw_if_cancelled();
         } catch (...) {
             std::throw_with_nested(std::runtime_error{"the upload was interrupted"});
         }
     }},
};

/// Waits to be asked to end, and then does what `translations` says for its id.
processor<int, int> translator(door& never)
{
    return [&never](int_job job) -> asio::awaitable<int> {
        co_await error_of(never.pass());
        translations.at(job.id().str())(job);
        co_return 1;
    };
}

void check_released(const job_record& job)
{
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_started == 1);
    CHECK(job.attempts_made == 0);
    CHECK(job.stalled_count == 0);
    CHECK(job.attempts.empty());
    CHECK(job.failed_reason.empty());
}

}  // namespace

QUEUE_CASE("whatever a processor throws after a shutdown asked it to end, its job waits again and no attempt is counted"
)
{
    door never{a.executor};
    shift worker{queue, translator(never), {.concurrency = 10}};
    for (const auto& [id, act] : translations)
        co_await queue.add("x", 1, {.id = id, .attempts = 1});
    co_await settle();
    recorder events{queue.events()};
    worker.stop();
    co_await a.clock->pass(7'999ms);
    CHECK_FALSE(worker.ended());
    co_await a.clock->pass(1ms);
    const auto report = co_await worker.join();
    CHECK(report.cancelled.size() == translations.size());
    CHECK(report.finished.empty());
    for (const auto& [id, act] : translations) {
        INFO(id);
        const auto job = co_await stored(a, "q", id);
        check_released(job);
    }
    const auto seen = events.take();
    CHECK(seen.size() == translations.size());
    for (const auto& line : seen)
        CHECK(line.starts_with("released "));
}

QUEUE_CASE("before it was asked to end, a processor fails as ever during the grace of a close")
{
    door out{a.executor};
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        co_await out.pass();
        job.throw_if_cancelled();
        throw std::runtime_error{"boom"};
    };
    shift worker{queue, act, {.grace = 1min}};
    co_await queue.add("x", 1, {.id = "a", .attempts = 1});
    co_await settle();
    worker.stop();
    out.open();
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.failed_reason == "boom");
}

QUEUE_CASE("a processor learns why it was asked to end, and a graver reason that comes later decides what its end means"
)
{
    door never{a.executor};
    door out{a.executor};
    std::map<std::string, std::vector<cancel_reason>> seen;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        co_await asio::this_coro::throw_if_cancelled(false);
        auto& reasons = seen[job.id().str()];
        reasons.push_back(job.cancel_reason());
        co_await error_of(never.pass());
        reasons.push_back(job.cancel_reason());
        co_await out.pass_stubbornly();
        reasons.push_back(job.cancel_reason());
        throw std::runtime_error{"in my own words"};
    };
    shift worker{queue, act, {.concurrency = 5, .lock_duration = 11s, .grace = 5s}};
    for (const auto* id : {"shutdown", "cancelled", "lost"})
        co_await queue.add("x", 1, {.id = id});
    co_await queue.add("x", 1, {.id = "timed out", .timeout = 4s});
    co_await queue.add("x", 1, {.id = "timed out later", .timeout = 5'300ms});
    co_await settle();
    worker.stop();
    co_await a.clock->pass(5s);
    co_await queue.cancel("cancelled", "no more");
    co_await rescue(a, "q", "lost");
    co_await a.clock->pass(600ms);  // the renewal tells that it is lost
    out.open();
    const auto report = co_await worker.join();
    using enum cancel_reason;
    CHECK(seen["shutdown"] == std::vector{none, shutdown, shutdown});
    CHECK(seen["cancelled"] == std::vector{none, shutdown, cancelled});
    CHECK(seen["lost"] == std::vector{none, shutdown, lock_lost});
    CHECK(seen["timed out"] == std::vector{none, timed_out, timed_out});
    CHECK(seen["timed out later"] == std::vector{none, shutdown, shutdown});
    CHECK(report.cancelled.size() == 2);
    CHECK(report.finished.size() == 2);
    for (const auto* id : {"shutdown", "timed out later"}) {
        const auto job = co_await stored(a, "q", id);
        check_released(job);
    }
    const auto cancelled_job = co_await stored(a, "q", "cancelled");
    CHECK(cancelled_job.failed_reason == "cancelled: no more");
    const auto late = co_await stored(a, "q", "timed out");
    CHECK(late.failed_reason == "timed out after 4000 ms");
    const auto rescued = co_await stored(a, "q", "lost");
    CHECK(rescued.state == job_state::waiting);
    CHECK(rescued.stalled_count == 1);
    CHECK(rescued.attempts_made == 0);
}

QUEUE_CASE(
    "of jobs that do not listen, a close fails those that were cancelled, and releases those that only it asked to end"
)
{
    door out{a.executor};
    int ended = 0;
    shift worker{queue, deaf(out, ended), {.concurrency = 3, .grace = 5s}};
    for (const auto* id : {"cancelled", "released"})
        co_await queue.add("x", 1, {.id = id});
    co_await queue.add("x", 1, {.id = "timed out", .timeout = 4s});
    co_await settle();
    worker.stop();
    CHECK(worker.cancel_job("cancelled", "no more"));
    co_await a.clock->pass(6s);
    const auto report = co_await worker.join();
    CHECK(report.abandoned.size() == 3);
    CHECK(report.released == ids({"released"}));
    CHECK(report.finished.size() == 2);
    const auto cancelled = co_await stored(a, "q", "cancelled");
    CHECK(cancelled.failed_reason == "cancelled: no more");
    const auto late = co_await stored(a, "q", "timed out");
    CHECK(late.failed_reason == "timed out after 4000 ms");
    const auto released = co_await stored(a, "q", "released");
    check_released(released);
    out.open();
    co_await settle();
    CHECK(ended == 3);
}

QUEUE_CASE("jobs that were claimed ahead go back at a shutdown, and none of them starts")
{
    patient here{a};
    shift worker{queue, here.processor_of(), {.prefetch = 2, .grace = 5s}};
    for (const auto* id : {"a", "b", "c"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    worker.stop();
    co_await settle();
    for (const auto* id : {"b", "c"}) {
        const auto job = co_await stored(a, "q", id);
        check_released(job);
    }
    co_await a.clock->pass(5s);
    const auto report = co_await worker.join();
    CHECK(here.started == 1);
    CHECK(report.cancelled == ids({"a"}));
}

TEST_SUITE_END();
