// Jobs that are given back by hand.
#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: waiting for jobs by hand");

QUEUE_CASE("a job that is given back by hand waits in its old place, and no counter moves")
{
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id});
    const auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    recorder events{queue.events()};
    co_await queue.release(taken[0].claim);
    co_await settle();
    CHECK(events.take() == lines{"released a"});
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_started == 1);
    CHECK(job.attempts_made == 0);
    CHECK(job.stalled_count == 0);
    CHECK_FALSE(job.locked_until);
    const auto lost = co_await error_of(queue.release(taken[0].claim));
    CHECK(lost.code == errc::lock_lost);
    const auto again = co_await queue.fetch_next_and_lock({});
    REQUIRE(again.size() == 1);
    CHECK(again[0].job.id() == "a");
    co_await settle();
    CHECK(events.take() == lines{"active a"});
}

TEST_CASE("a job that was cancelled and is given back by hand, or fails with attempts left, has failed")
{
    for (const bool fails : {false, true})
        run_app([fails](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await queue.add("x", 1, {.id = "a", .attempts = 2});
            const auto taken = co_await queue.fetch_next_and_lock({});
            REQUIRE(taken.size() == 1);
            co_await queue.cancel("a", "no more");
            recorder events{queue.events()};
            if (fails)
                co_await queue.fail(taken[0].claim, failure{.message = "boom"});
            else
                co_await queue.release(taken[0].claim);
            co_await settle();
            CHECK(events.take() == lines{"failed a cancelled: no more"});
            const auto job = co_await stored(a, "q", "a");
            CHECK(job.state == job_state::failed);
        });
}

TEST_SUITE_END();
