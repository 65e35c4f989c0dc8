#include <cstddef>
#include <stdexcept>
#include <string>
#include <variant>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: jobs that are put off");

namespace {

using int_job = job<int, int>;
using int_outcome = outcome<int>;

/// Puts each job off so often, then returns 42.
deferring_processor<int, int> putting_off(deferral when, int times, lines* ran = nullptr, const app* a = nullptr)
{
    return [=](int_job job) -> asio::awaitable<int_outcome> {
        if (ran)
            ran->push_back(job.id().str() + " at " + std::to_string(a->elapsed().count()));
        if (job.deferrals() < times)
            co_return std::visit([](auto one) { return int_outcome{one}; }, when);
        co_return 42;
    };
}

}  // namespace

QUEUE_CASE("a job that is put off for a time runs again after it, and no attempt is counted")
{
    lines ran;
    shift worker{queue, putting_off(delay_for{.wait = 700ms}, 2, &ran, &a)};
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(1'399ms);
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::delayed);
    CHECK(job.attempts_started == 2);
    CHECK(job.attempts_made == 0);
    CHECK(job.deferrals == 2);
    co_await a.clock->pass(1ms);
    CHECK(ran == lines{"a at 0", "a at 700", "a at 1400"});
    CHECK(
        events.take() ==
        lines{
            "added a x",
            "waiting a",
            "active a",
            "delayed a until 700",
            "drained",
            "waiting a from delayed",
            "active a",
            "delayed a until 1400",
            "drained",
            "waiting a from delayed",
            "active a",
            "completed a 42",
            "drained"
        }
    );
    CHECK(own.take() == lines{"job_active a x 1", "job_active a x 1", "job_active a x 1", "job_processed a x"});
    job = co_await stored(a, "q", "a");
    CHECK(job.attempts_started == 3);
    CHECK(job.attempts_made == 1);
    CHECK(job.deferrals == 2);
    co_await worker.finish();
}

QUEUE_CASE("a job that is put off until a time runs at that time")
{
    lines ran;
    shift worker{queue, putting_off(delay_until{.at = a.at(90s)}, 1, &ran, &a)};
    co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(2min);
    CHECK(ran == lines{"a at 0", "a at 90000"});
    co_await worker.finish();
}

QUEUE_CASE("a job that is put off for no time waits in its old place, and runs again at once")
{
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id});
    recorder events{queue.events()};
    shift worker{queue, putting_off(delay_for{}, 1)};
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "active a",
            "waiting a from active",
            "active a",
            "completed a 42",
            "active b",
            "waiting b from active",
            "active b",
            "completed b 42",
            "drained"
        }
    );
    co_await worker.finish();
}

QUEUE_CASE("a rate limit rests the whole queue for its time, to the millisecond, for every worker here")
{
    auto other = a.engine.queue<int, int>("other");
    lines ran;
    worker<int, int> first{queue, putting_off(rate_limited{.wait = 700ms}, 1, &ran, &a)};
    worker<int, int> second{queue, putting_off(rate_limited{.wait = 700ms}, 0, &ran, &a)};
    worker<int, int> elsewhere{other, putting_off(rate_limited{.wait = 700ms}, 0, &ran, &a)};
    running run_first{first};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    running run_second{second};
    running run_elsewhere{elsewhere};
    co_await settle();
    for (const auto* id : {"b", "c"})
        co_await queue.add("x", 1, {.id = id});
    co_await other.add("x", 1, {.id = "d"});
    co_await a.clock->pass(699ms);
    CHECK(ran == lines{"a at 0", "d at 0"});
    co_await a.clock->pass(1ms);
    CHECK(ran.size() == 5);
    for (std::size_t i = 2; i < ran.size(); ++i)
        CHECK(ran[i].ends_with(" at 700"));
    co_await finish(first, run_first);
    co_await finish(second, run_second);
    co_await finish(elsewhere, run_elsewhere);
}

QUEUE_CASE("a rate limit is told as a job that waits again, and the queue is not drained")
{
    shift worker{queue, putting_off(rate_limited{.wait = 700ms}, 1)};
    co_await settle();
    recorder events{queue.events()};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a", "active a", "waiting a from active"});
    co_await a.clock->pass(700ms);
    CHECK(events.take() == lines{"active a", "completed a 42", "drained"});
    co_await worker.finish();
}

QUEUE_CASE("a worker does not ask the store over and over while its queue rests")
{
    shift worker{queue, putting_off(rate_limited{.wait = 1h}, 1)};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto claims = a.store->claims();
    co_await a.clock->pass(1min);
    CHECK(a.store->claims() <= claims + 13);  // the poll of each five seconds
    co_await worker.finish();
}

QUEUE_CASE("a job that is put off too often fails, and is not reported as a failed attempt")
{
    shift worker{queue, putting_off(delay_for{}, 99)};
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await queue.add("x", 1, {.id = "a", .attempts = 5, .max_deferrals = 1});
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "added a x",
            "waiting a",
            "active a",
            "waiting a from active",
            "active a",
            "failed a job put off more than allowable limit",
            "drained"
        }
    );
    CHECK(own.take() == lines{"job_active a x 1", "job_active a x 1"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.attempts_made == 0);
    CHECK(job.attempts.empty());
    co_await worker.finish();
}

QUEUE_CASE("a processor that may put jobs off may throw as any other")
{
    const auto act = [](int_job) -> asio::awaitable<int_outcome> {
        throw std::runtime_error{"boom"};
        co_return delay_for{.wait = 1s};
    };
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.failed_reason == "boom");
    CHECK(job.deferrals == 0);
    co_await worker.finish();
}

QUEUE_CASE("a job that is put off while its worker closes is put off, and reported as finished")
{
    door out{a.executor};
    const auto act = [&](int_job) -> asio::awaitable<int_outcome> {
        co_await out.pass();
        co_return delay_for{.wait = 1h};
    };
    shift worker{queue, act};
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    worker.stop();
    out.open();
    const auto report = co_await worker.join();
    CHECK(report.finished == ids({"a"}));
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::delayed);
    CHECK(job.deferrals == 1);
}

TEST_SUITE_END();
