// The lock of a job that is processed by hand.
#include <string>
#include <vector>

#include "app.hpp"
#include "manual.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: processing by hand");

QUEUE_CASE("extend_lock moves the end of the lock, and is refused out of its range")
{
    co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await take_one(queue);
    a.clock->advance(20s);
    co_await queue.extend_lock(taken.claim, 45s);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.locked_until == a.at(65s));
    CHECK(job.lock_duration == 45s);
    for (const auto duration : {0ms, -1ms, milliseconds{366 * 24h} + 1ms, milliseconds::max()}) {
        const auto e = co_await error_of(queue.extend_lock(taken.claim, duration));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "lock_duration");
    }
    co_await queue.extend_lock(taken.claim, 366 * 24h);
    co_await queue.extend_lock(taken.claim, 1ms);
}

QUEUE_CASE("a claim whose token does not hold the lock changes nothing")
{
    co_await queue.add("x", 1, {.id = "a", .attempts = 9});
    auto old = co_await take_one(queue);
    failure why{.message = "first"};
    co_await queue.fail(old.claim, why);
    co_await queue.add("x", 1, {.id = "b"});
    const auto current = co_await take_one(queue);
    REQUIRE(current.claim.id == "a");
    const auto before = co_await stored(a, "q", "a");
    recorder events{queue.events()};

    const claim held_by_nobody[] = {
        {"a", ""},
        {"a", "wrong"},
        {"a", std::string(32, '0')},
        old.claim,
        {"b", ""},
        {"b", current.claim.token},
        {"c", ""},
        {"", ""},
    };
    for (const auto& claim : held_by_nobody) {
        INFO(claim.id.str() << " " << claim.token);
        const auto complete = co_await error_of(queue.complete(claim, 1));
        CHECK(complete.code == errc::lock_lost);
        const auto fail = co_await error_of(queue.fail(claim, why));
        CHECK(fail.code == errc::lock_lost);
        const auto extend = co_await error_of(queue.extend_lock(claim, 1h));
        CHECK(extend.code == errc::lock_lost);
    }
    const auto after = co_await stored(a, "q", "a");
    CHECK(after.state == job_state::active);
    CHECK(after.token == before.token);
    CHECK(after.locked_until == before.locked_until);
    CHECK(after.attempts_made == 1);
    CHECK(after.attempts.size() == 1);
    const auto other = co_await stored(a, "q", "b");
    CHECK(other.state == job_state::waiting);
    co_await settle();
    CHECK(events.take() == lines{});
}

QUEUE_CASE("F82: a job is finished once")
{
    co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await take_one(queue);
    co_await queue.complete(taken.claim, 1);
    recorder events{queue.events()};
    const auto twice = co_await error_of(queue.complete(taken.claim, 2));
    CHECK(twice.code == errc::lock_lost);
    failure why{.message = "boom"};
    const auto failed = co_await error_of(queue.fail(taken.claim, std::move(why)));
    CHECK(failed.code == errc::lock_lost);
    const auto extended = co_await error_of(queue.extend_lock(taken.claim, 1s));
    CHECK(extended.code == errc::lock_lost);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.result == "1");
    CHECK(job.attempts_made == 1);
    co_await settle();
    CHECK(events.take() == lines{});
}

QUEUE_CASE("F14: who lost the lock to another can neither finish the job nor write to it")
{
    co_await queue.add("x", 1, {.id = "a"});
    auto zombie = co_await take_one(queue);
    co_await rescue(a, "q", "a");
    const auto between = co_await error_of(zombie.job.update_progress(1));
    CHECK(between.code == errc::lock_lost);
    auto other = co_await take_one(queue);
    CHECK(other.job.stalled_count() == 1);
    co_await other.job.update_progress(50);
    const auto progress = co_await error_of(zombie.job.update_progress(99));
    CHECK(progress.code == errc::lock_lost);
    const auto log = co_await error_of(zombie.job.log("late"));
    CHECK(log.code == errc::lock_lost);
    const auto complete = co_await error_of(queue.complete(zombie.claim, 1));
    CHECK(complete.code == errc::lock_lost);
    co_await queue.complete(other.claim, 2);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.result == "2");
    CHECK(job.progress == "50");
    const auto logs = co_await queue.get_job_logs("a");
    CHECK(logs.items.empty());
}

QUEUE_CASE("a lock that is taken away while complete is under way is noticed by the store")
{
    co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await take_one(queue);
    a.store->hold_before(op::settle);
    thrown_error e;
    task_group tasks{a.executor};
    const auto complete = [&]() -> asio::awaitable<void> { e = co_await error_of(queue.complete(taken.claim, 1)); };
    tasks.spawn(complete());
    co_await settle();
    REQUIRE(a.store->held(op::settle) == 1);
    co_await rescue(a, "q", "a");
    a.store->let_go(op::settle);
    co_await tasks.join();
    CHECK(e.code == errc::lock_lost);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.result.empty());
}

APP_CASE("a result that cannot be stored leaves the job locked")
{
    auto queue = a.engine.queue<int, std::string>("q", {.size_limit = 10});
    co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    const auto large = co_await error_of(queue.complete(taken[0].claim, std::string(9, 'x')));
    CHECK(large.code == errc::payload_too_large);
    CHECK(large.text.starts_with("result has 11 bytes"));
    const auto broken = co_await error_of(queue.complete(taken[0].claim, "\xFF"));
    CHECK(broken.code == errc::invalid_argument);
    CHECK(broken.field == "result");
    co_await queue.complete(taken[0].claim, std::string(8, 'x'));
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
}

TEST_SUITE_END();
