#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "notes.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: limits");

namespace {

asio::awaitable<void> add_to_group(queue<int, int> to, std::string id, std::string group)
{
    (void)co_await to.add("x", 1, {.id = std::move(id), .group = std::move(group)});
}

}  // namespace

QUEUE_CASE("a queue returns everything that was set for it")
{
    const rate_limit rate{.max = 5, .duration = 3s};
    const group_options group{.concurrency = 1, .rate = rate, .keep_order = true};
    co_await queue.set_global_concurrency(7);
    co_await queue.set_rate_limit(rate);
    co_await queue.set_group(group);
    co_await queue.set_event_log(20);
    co_await queue.set_metrics(30);
    const queue_settings all{.concurrency = 7, .rate = rate, .group = group, .keep_events = 20, .keep_minutes = 30};
    const auto settings = co_await queue.get_settings();
    CHECK(settings == all);
    co_await queue.set_global_concurrency({});
    co_await queue.set_rate_limit({});
    co_await queue.set_group({});
    co_await queue.set_event_log({});
    co_await queue.set_metrics({});
    const auto none = co_await queue.get_settings();
    CHECK(none == queue_settings{});
}

APP_CASE("a rate limit is set by its members in braces, and taken away by nothing")
{
    const auto queue = a.engine.queue<int, int>("q");
    const rate_limit ten{.max = 10, .duration = 1s};
    co_await queue.set_rate_limit({.max = 10, .duration = 1s});
    auto limits = co_await queue.get_settings();
    CHECK(limits.rate == ten);
    co_await queue.set_rate_limit(std::nullopt);
    limits = co_await queue.get_settings();
    CHECK_FALSE(limits.rate);
    co_await queue.set_rate_limit(std::optional{ten});
    co_await queue.set_rate_limit({});
    limits = co_await queue.get_settings();
    CHECK_FALSE(limits.rate);
}

QUEUE_CASE("a limit that is out of range is refused, and the one before stays")
{
    co_await queue.set_global_concurrency(2);
    const auto concurrency = co_await error_of(queue.set_global_concurrency(0));
    CHECK(concurrency.code == errc::invalid_argument);
    CHECK(concurrency.field == "global_concurrency");
    const auto rate = co_await error_of(queue.set_rate_limit(rate_limit{.max = 0}));
    CHECK(rate.field == "rate_limit.max");
    const auto group = co_await error_of(queue.set_group({.keep_order = true}));
    CHECK(group.field == "group.keep_order");
    const auto limits = co_await queue.get_settings();
    CHECK(limits == queue_settings{.concurrency = 2});
    CHECK(a.store->calls(op::set) == 1);
}

QUEUE_CASE("two workers together run no more jobs than the global concurrency")
{
    co_await queue.set_global_concurrency(3);
    co_await add_numbered(queue, 8);
    ward here{a};
    worker<int, int> one{queue, here.processor_of(), {.concurrency = 2}};
    worker<int, int> two{queue, here.processor_of(), {.concurrency = 2}};
    running first{one};
    running second{two};
    co_await settle();
    CHECK(here.inside == 3);
    here.let_out_all(8);
    co_await settle();
    CHECK(here.started.size() == 8);
    CHECK(here.most == 3);
    CHECK(a.elapsed() == 0ms);
    co_await one.close();
    co_await two.close();
    co_await first.join();
    co_await second.join();
}

QUEUE_CASE("a place that gets free wakes another worker at once, also where the one that had it takes no more")
{
    co_await queue.set_global_concurrency(1);
    co_await add_numbered(queue, 2);
    ward here{a};
    shift one{queue, here.processor_of()};
    co_await settle();
    shift two{queue, here.processor_of()};
    co_await settle();
    CHECK(here.started == lines{"0"});
    one.stop();
    here.let_out({"0"});
    co_await settle();
    CHECK(here.started == lines{"0", "1"});
    CHECK(a.elapsed() == 0ms);
    here.let_out({"1"});
    co_await two.close();
    co_await one.join();
    co_await two.join();
}

QUEUE_CASE("a place that a failed job leaves for its backoff wakes another worker at once")
{
    co_await queue.set_global_concurrency(1);
    (void)co_await queue.add("x", 1, {.id = "fails", .attempts = 2, .backoff = backoff::fixed(1h)});
    (void)co_await queue.add("x", 1, {.id = "next"});
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    CHECK(seen.take() == lines{});
    co_await queue.fail(taken[0].claim, {.message = "boom"});
    co_await settle();
    CHECK(seen.take() == lines{"next at 0"});
    co_await worker.finish();
}

QUEUE_CASE(
    "a place that a rescued job leaves for its backoff wakes a worker at once", maintenance_options{.interval = 1s}
)
{
    co_await queue.set_global_concurrency(1);
    (void)co_await queue.add("x", 1, {.id = "dead", .backoff = backoff::fixed(1h)});
    (void)co_await queue.add("x", 1, {.id = "next"});
    const auto taken = co_await queue.fetch_next_and_lock({.lock_duration = 2s});
    REQUIRE(taken.size() == 1);
    notes seen;
    shift worker{queue, seen.processor_of(a), {.poll_interval = 1h}};
    co_await a.clock->pass(10s);
    const auto ran = seen.take();
    REQUIRE(ran.size() == 1);
    CHECK(ran[0].starts_with("next at "));
    co_await worker.finish();
}

QUEUE_CASE("a limit that is raised or taken away wakes workers at once")
{
    co_await queue.set_global_concurrency(1);
    co_await add_numbered(queue, 4);
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 9}};
    co_await settle();
    CHECK(here.inside == 1);
    co_await queue.set_global_concurrency(2);
    co_await settle();
    CHECK(here.inside == 2);
    co_await queue.set_global_concurrency({});
    co_await settle();
    CHECK(here.inside == 4);
    here.let_out_all(4);
    co_await worker.finish();
}

QUEUE_CASE("a worker sleeps until the rate has room, and not longer")
{
    co_await queue.set_rate_limit(rate_limit{.max = 2, .duration = 700ms});
    co_await add_numbered(queue, 5);
    notes seen;
    shift worker{queue, seen.processor_of(a), {.concurrency = 5}};
    co_await settle();
    CHECK(seen.take() == lines{"0 at 0", "1 at 0"});
    const auto claims = a.store->claims();
    co_await a.clock->pass(699ms);
    CHECK(a.store->claims() == claims);
    co_await a.clock->pass(1'301ms);
    CHECK(seen.take() == lines{"2 at 700", "3 at 700", "4 at 1400"});
    co_await worker.finish();
}

QUEUE_CASE("a job that is added when the rate is used up runs when there is room")
{
    co_await queue.set_rate_limit(rate_limit{.max = 1, .duration = 700ms});
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    (void)co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(100ms);
    (void)co_await queue.add("x", 1, {.id = "b"});
    co_await a.clock->pass(2s);
    CHECK(seen.take() == lines{"a at 0", "b at 700"});
    co_await worker.finish();
}

QUEUE_CASE("who waits with a claim by hand gets the job when the rate has room")
{
    co_await queue.set_rate_limit(rate_limit{.max = 1, .duration = 700ms});
    co_await add_numbered(queue, 2);
    (void)co_await queue.fetch_next_and_lock({});
    std::optional<milliseconds> got;
    task_group tasks{a.executor};
    const auto wait = [&]() -> asio::awaitable<void> {
        const auto taken = co_await queue.fetch_next_and_lock({.wait = 1h});
        CHECK(taken.size() == 1);
        got = a.elapsed();
    };
    tasks.spawn(wait());
    co_await a.clock->pass(1s);
    CHECK(got == 700ms);
    co_await tasks.join();
}

QUEUE_CASE("groups take turns through a worker, each within its own concurrency")
{
    co_await queue.set_group({.concurrency = 1});
    for (const auto* id : {"a1", "a2", "a3", "b1", "b2"})
        co_await add_to_group(queue, id, std::string{id}.substr(0, 1));
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 9}};
    co_await settle();
    CHECK(here.started == lines{"a1", "b1"});
    here.let_out({"a1"});
    co_await settle();
    CHECK(here.started == lines{"a1", "b1", "a2"});
    here.let_out({"a2", "a3", "b1", "b2"});
    co_await settle();
    CHECK(here.started.size() == 5);
    CHECK(here.most == 2);
    CHECK(a.elapsed() == 0ms);
    co_await worker.finish();
}

QUEUE_CASE("a job of a group that is full stays, and wakes another worker when there is room")
{
    co_await queue.set_group({.concurrency = 1});
    ward here{a};
    worker<int, int> one{queue, here.processor_of()};
    worker<int, int> two{queue, here.processor_of()};
    running first{one};
    running second{two};
    co_await settle();
    co_await add_to_group(queue, "a1", "a");
    co_await add_to_group(queue, "a2", "a");
    co_await settle();
    CHECK(here.started == lines{"a1"});
    co_await add_to_group(queue, "b1", "b");
    co_await settle();
    CHECK(here.started == lines{"a1", "b1"});
    here.let_out({"a1"});
    co_await settle();
    CHECK(here.started == lines{"a1", "b1", "a2"});
    here.let_out({"b1", "a2"});
    co_await one.close();
    co_await two.close();
    co_await first.join();
    co_await second.join();
}

QUEUE_CASE("with keep_order a group waits for the backoff of its failed job, and another one does not")
{
    co_await queue.set_group({.concurrency = 1, .keep_order = true});
    lines ran;
    const auto act = [&](job<int, int> job) -> asio::awaitable<int> {
        ran.push_back(job.id().str() + " at " + std::to_string(a.elapsed().count()));
        if (job.id() == "a1" && job.attempts_made() == 0)
            throw std::runtime_error{"boom"};
        co_return 1;
    };
    for (const auto* id : {"a1", "a2", "b1"})
        (void)co_await queue.add(
            "x", 1, {.id = id, .attempts = 2, .backoff = backoff::fixed(300ms), .group = std::string{id}.substr(0, 1)}
        );
    shift worker{queue, act};
    co_await a.clock->pass(1s);
    CHECK(ran == lines{"a1 at 0", "b1 at 0", "a1 at 300", "a2 at 300"});
    co_await worker.finish();
}

TEST_SUITE_END();
