#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "support/all_states.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: control");

namespace {

using int_queue = queue<int, int>;

/// A job of this queue in a state of one's choice, alone in the queue.
asio::awaitable<void> bring_into(job_state state, app& a, int_queue queue, job_id id)
{
    job_options options{.id = id, .attempts = 2};
    if (state == job_state::delayed)
        options.delay = 10s;
    co_await queue.add("x", 1, std::move(options));
    if (state == job_state::waiting || state == job_state::delayed)
        co_return;
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    if (state == job_state::completed) {
        co_await queue.complete(taken[0].claim, 42);
    } else if (state == job_state::failed) {
        failure why{.message = "boom", .unrecoverable = true};
        co_await queue.fail(taken[0].claim, std::move(why));
    }
    const auto job = co_await stored(a, queue.name(), id);
    REQUIRE(job.state == state);
}

asio::awaitable<std::size_t> count_taken(int_queue queue, int limit)
{
    claim_request request{.limit = limit};
    const auto taken = co_await queue.fetch_next_and_lock(std::move(request));
    co_return taken.size();
}

}  // namespace

QUEUE_CASE("nothing is claimed from a paused queue, while adds and promotions go on")
{
    recorder events{queue.events()};
    bool paused = co_await queue.is_paused();
    CHECK_FALSE(paused);
    co_await queue.pause();
    co_await queue.pause();
    paused = co_await queue.is_paused();
    CHECK(paused);
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.add("x", 1, {.id = "b", .delay = 1s});
    co_await queue.promote("b");
    auto taken = co_await count_taken(queue, 10);
    CHECK(taken == 0);
    auto other = a.engine.queue<int, int>("other");
    co_await other.add("x", 1);
    taken = co_await count_taken(other, 10);
    CHECK(taken == 1);

    co_await queue.resume();
    co_await queue.resume();
    taken = co_await count_taken(queue, 10);
    CHECK(taken == 2);
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "paused",
            "added a x",
            "waiting a",
            "added b x",
            "delayed b until 1000",
            "waiting b from delayed",
            "resumed",
            "active a",
            "active b"
        }
    );
}

TEST_CASE("F94: a job is removed in any state but active")
{
    for (const auto state : all_states) {
        INFO(to_string(state));
        run_app([state](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await bring_into(state, a, queue, "a");
            recorder events{queue.events()};
            if (state == job_state::active) {
                const auto e = co_await error_of(queue.remove("a"));
                CHECK(e.code == errc::wrong_state);
                CHECK(e.text == "job 'a' is active, but must be in any state but active");
                co_await settle();
                CHECK(events.take() == lines{});
            } else {
                const bool removed = co_await queue.remove("a");
                CHECK(removed);
                const auto found = co_await queue.get_job("a");
                CHECK_FALSE(found);
                co_await settle();
                CHECK(events.take() == lines{"removed a"});
            }
        });
    }
}

QUEUE_CASE("removing what is not there says so")
{
    recorder events{queue.events()};
    const bool removed = co_await queue.remove("a");
    CHECK_FALSE(removed);
    const auto job = co_await queue.add("x", 1, {.id = "b"});
    co_await job.remove();
    const auto e = co_await error_of(job.remove());
    CHECK(e.code == errc::not_found);
    co_await settle();
    CHECK(events.take() == lines{"added b x", "waiting b", "removed b"});
}

TEST_CASE("a finished job can be run again, one in another state cannot")
{
    for (const auto state : all_states) {
        INFO(to_string(state));
        run_app([state](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await bring_into(state, a, queue, "a");
            recorder events{queue.events()};
            const auto e = co_await error_of(queue.retry("a"));
            if (is_finished(state)) {
                CHECK(e.text == "");
                const auto job = co_await stored(a, "q", "a");
                CHECK(job.state == job_state::waiting);
                CHECK(job.attempts_made == 0);
                CHECK(job.attempts_started == 1);
                CHECK(job.result.empty());
                CHECK(job.failed_reason.empty());
                CHECK_FALSE(job.finished_at);
                co_await settle();
                CHECK(events.take() == lines{"waiting a from " + std::string{to_string(state)}});
            } else {
                CHECK(e.code == errc::wrong_state);
                CHECK(e.text == "job 'a' is " + std::string{to_string(state)} + ", but must be completed or failed");
                co_await settle();
                CHECK(events.take() == lines{});
            }
        });
    }
}

QUEUE_CASE("a retry keeps the attempts made where it is asked to")
{
    co_await queue.add("x", 1, {.id = "a", .attempts = 3});
    const auto fail_once = [](int_queue from) -> asio::awaitable<void> {
        auto taken = co_await from.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        failure why{.message = "boom"};
        co_await from.fail(taken[0].claim, std::move(why));
    };
    for (int i = 0; i < 3; ++i)
        co_await fail_once(queue);
    auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 3);

    co_await queue.retry("a", {.keep_attempts = true});
    job = co_await stored(a, "q", "a");
    CHECK(job.attempts_made == 3);
    co_await fail_once(queue);  // the one run that it was given
    job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 4);

    co_await queue.retry("a");
    co_await fail_once(queue);
    job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 1);
    CHECK(job.attempts_started == 5);
}

TEST_CASE("a delayed job can be promoted, one in another state cannot")
{
    for (const auto state : all_states) {
        INFO(to_string(state));
        run_app([state](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await bring_into(state, a, queue, "a");
            recorder events{queue.events()};
            const auto e = co_await error_of(queue.promote("a"));
            if (state == job_state::delayed) {
                CHECK(e.text == "");
                const auto job = co_await stored(a, "q", "a");
                CHECK(job.state == job_state::waiting);
                CHECK_FALSE(job.run_at);
                co_await settle();
                CHECK(events.take() == lines{"waiting a from delayed"});
            } else {
                CHECK(e.code == errc::wrong_state);
                CHECK(e.text == "job 'a' is " + std::string{to_string(state)} + ", but must be delayed");
                co_await settle();
                CHECK(events.take() == lines{});
            }
        });
    }
}

QUEUE_CASE("retry and promote of a job that is not there are not_found")
{
    const auto retry = co_await error_of(queue.retry("a"));
    CHECK(retry.code == errc::not_found);
    const auto promote = co_await error_of(queue.promote("a"));
    CHECK(promote.code == errc::not_found);
    CHECK(promote.text == "no job 'a' in this queue");
}

TEST_SUITE_END();
