// Queues whose jobs have no result.
#include <string>
#include <type_traits>

#include "app.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: without results");

namespace {

using silent_queue = queue<int, void>;
using silent_job = job<int, void>;

template <class Job>
concept has_result = requires(const Job& job) { job.result(); };
template <class Queue>
concept completes_alone = requires(const Queue& queue, claim held) { queue.complete(held); };

static_assert(!has_result<silent_job>);
static_assert(has_result<job<int, int>>);
static_assert(completes_alone<silent_queue>);
static_assert(!completes_alone<queue<int, int>>);

}  // namespace

APP_CASE("a processor that returns nothing completes its job, whose stored result is null")
{
    auto queue = a.engine.queue<int, void>("q");
    int sum = 0;
    shift worker{queue, [&](silent_job job) -> asio::awaitable<void> {
                     sum += job.data();
                     co_return;
                 }};
    auto first = co_await queue.add("x", 40, {.id = "a"});
    co_await queue.add("x", 2, {.id = "b"});
    co_await queue.wait_until_finished("b", 1s);
    co_await first.wait_until_finished(1s);
    CHECK(sum == 42);
    const auto row = co_await stored(a, "q", "a");
    CHECK(row.result == "null");
    co_await first.refresh();
    CHECK(first.state() == job_state::completed);
    co_await worker.finish();
}

APP_CASE("what such a processor throws fails the job, and its waiter learns why")
{
    auto queue = a.engine.queue<int, void>("q");
    shift worker{queue, [](silent_job) -> asio::awaitable<void> {
                     throw unrecoverable_error{"no paper"};
                     co_return;
                 }};
    co_await queue.add("x", 1, {.id = "a"});
    const auto e = co_await error_of(queue.wait_until_finished("a", 1s));
    CHECK(e.code == errc::job_failed);
    CHECK(e.text.ends_with("no paper"));
    co_await worker.finish();
}

APP_CASE("a processor of outcomes puts its job off, and ends it with no_result")
{
    auto queue = a.engine.queue<int, void>("q");
    shift worker{queue, [](silent_job job) -> asio::awaitable<outcome<void>> {
                     if (job.deferrals() < 2)
                         co_return delay_for{10ms};
                     co_return no_result{};
                 }};
    co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(20ms);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.deferrals == 2);
    CHECK(job.result == "null");
    co_await worker.finish();
}

APP_CASE("a claim is completed by hand without a result")
{
    auto queue = a.engine.queue<int, void>("q");
    co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await queue.fetch_next_and_lock({});
    co_await queue.complete(taken.at(0).claim);
    const auto row = co_await stored(a, "q", "a");
    CHECK(row.result == "null");
    const auto again = co_await error_of(queue.complete(taken.at(0).claim));
    CHECK(again.code == errc::lock_lost);
}

APP_CASE("a result that another program stored is not looked at")
{
    auto loud = a.engine.queue<int, std::string>("q");
    co_await loud.add("x", 1, {.id = "a"});
    auto taken = co_await loud.fetch_next_and_lock({});
    co_await loud.complete(taken.at(0).claim, "done");
    co_await a.engine.queue<int, void>("q").wait_until_finished("a", 1s);
}

TEST_SUITE_END();
