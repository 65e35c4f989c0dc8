#include <boost/asio/error.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: waiting for jobs by hand");

namespace {

using int_queue = queue<int, int>;
using int_claim = claimed_job<int, int>;

/// A fetch as a task of its own.
struct fetching {
    fetching(const app& a, int_queue from, claim_request request) : tasks{a.executor}
    {
        tasks.spawn(keep(a, std::move(from), std::move(request), state), state);
    }

    struct outcome {
        bool ended = false;
        milliseconds at{};
        std::vector<int_claim> taken{};
        thrown_error thrown{};
    };
    std::shared_ptr<outcome> state = std::make_shared<outcome>();
    task_group tasks;

    /// "a at 5", "nothing at 5", "waits".
    std::string told() const
    {
        if (!state->ended)
            return "waits";
        const auto what = state->thrown.code     ? state->thrown.text
                          : state->taken.empty() ? std::string{"nothing"}
                                                 : state->taken[0].job.id().str();
        return what + " at " + std::to_string(state->at.count());
    }

    static asio::awaitable<void> keep(const app& a, int_queue from, claim_request request, std::shared_ptr<outcome> out)
    {
        const auto fetch = [&]() -> asio::awaitable<void> { out->taken = co_await from.fetch_next_and_lock(request); };
        out->thrown = co_await error_of(fetch());
        out->at = a.elapsed();
        out->ended = true;
    }
};

}  // namespace

QUEUE_CASE("without a wait a claim that finds nothing returns at once")
{
    const auto taken = co_await queue.fetch_next_and_lock({});
    CHECK(taken.empty());
    CHECK(a.store->claims() == 1);
    CHECK(a.clock->sleepers() == 0);
}

QUEUE_CASE("a claim that finds jobs does not wait for more")
{
    co_await queue.add("x", 1, {.id = "a"});
    const auto taken = co_await queue.fetch_next_and_lock({.limit = 5, .wait = 1h});
    CHECK(taken.size() == 1);
    CHECK(a.elapsed() == 0ms);
}

TEST_CASE("a claim that waits for the first job is woken by whatever lets one wait")
{
    const std::pair<const char*, std::function<asio::awaitable<void>(int_queue)>> causes[] = {
        {"added", [](int_queue queue) -> asio::awaitable<void> { co_await queue.add("x", 1, {.id = "added"}); }},
        {"delayed", [](int_queue queue) -> asio::awaitable<void> { co_await queue.promote("delayed"); }},
        {"failed", [](int_queue queue) -> asio::awaitable<void> { co_await queue.retry("failed"); }},
        {"delayed", [](int_queue queue) -> asio::awaitable<void> { co_await queue.promote_all(); }},
        {"failed", [](int_queue queue) -> asio::awaitable<void> { co_await queue.retry_all(); }},
    };
    for (const auto& [id, cause] : causes) {
        INFO(id);
        run_app([id, cause](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await queue.add("x", 1, {.id = "failed"});
            const auto failed = co_await queue.fetch_next_and_lock({});
            co_await queue.fail(failed.at(0).claim, failure{.message = "boom"});
            co_await queue.add("x", 1, {.id = "delayed", .delay = 5h});
            fetching fetch{a, queue, {.wait = 1h}};
            co_await a.clock->pass(1'001ms);
            CHECK(fetch.told() == "waits");
            co_await cause(queue);
            co_await settle();
            CHECK(fetch.told() == std::string{id} + " at 1001");
            CHECK(a.clock->sleepers() == 0);
        });
    }
}

QUEUE_CASE("a claim that waits is woken by a job that comes due, to the millisecond")
{
    co_await queue.add("x", 1, {.id = "a", .delay = 700ms});
    fetching first{a, queue, {.wait = 1h}};
    co_await a.clock->pass(699ms);
    CHECK(first.told() == "waits");
    co_await a.clock->pass(1ms);
    CHECK(first.told() == "a at 700");
    fetching second{a, queue, {.wait = 1h}};
    co_await settle();
    co_await queue.add("x", 1, {.id = "b", .delay = 12s});  // told of while it waits
    co_await a.clock->pass(1min);
    CHECK(second.told() == "b at 12700");
}

QUEUE_CASE("a claim that waits is woken at the end of a pause and of a rest")
{
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.pause();
    fetching first{a, queue, {.wait = 1h}};
    co_await a.clock->pass(1'234ms);
    CHECK(first.told() == "waits");
    co_await queue.resume();
    co_await settle();
    CHECK(first.told() == "a at 1234");
    settlement rest{
        .job = {.queue = "q", .id = "a", .token = first.state->taken.at(0).claim.token},
        .change = {.deferrals = 1, .queue_rests_until = a.clock->wall_now() + 700ms}
    };
    settle_and_claim_request request{.now = a.clock->wall_now(), .settlements = {rest}};
    co_await a.store->inner().settle_and_claim(std::move(request));
    fetching second{a, queue, {.wait = 1h}};
    co_await a.clock->pass(1min);
    CHECK(second.told() == "a at 1934");
}

QUEUE_CASE("a claim that waits hears of other processes, or asks every 5 s")
{
    fetching told{a, queue, {.wait = 1h}};
    co_await a.clock->pass(1s);
    co_await add_elsewhere(a, "q", "a");
    a.store->changes.set();
    co_await settle();
    CHECK(told.told() == "a at 1000");
    fetching asks{a, queue, {.wait = 1h}};
    co_await a.clock->pass(1s);
    co_await add_elsewhere(a, "q", "b");
    co_await a.clock->pass(3'999ms);
    CHECK(asks.told() == "waits");
    co_await a.clock->pass(1ms);
    CHECK(asks.told() == "b at 6000");
}

QUEUE_CASE("a claim that waits in vain returns nothing when its time is over")
{
    fetching fetch{a, queue, {.wait = 700ms}};
    co_await a.clock->pass(699ms);
    CHECK(fetch.told() == "waits");
    co_await a.clock->pass(1ms);
    CHECK(fetch.told() == "nothing at 700");
    CHECK(a.clock->sleepers() == 0);
    fetching longest{a, queue, {.wait = milliseconds::max()}};
    co_await a.clock->pass(1min);
    CHECK(longest.told() == "waits");
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(longest.told() == "a at 60700");
}

QUEUE_CASE("of two claims that wait one gets the job, and the other waits on")
{
    fetching first{a, queue, {.wait = 10s}};
    fetching second{a, queue, {.wait = 10s}};
    co_await a.clock->pass(1s);
    co_await queue.add("x", 1, {.id = "a"});
    co_await a.clock->pass(1min);
    CHECK(first.state->taken.size() + second.state->taken.size() == 1);
    CHECK(first.state->at + second.state->at == 11s);
}

QUEUE_CASE("of many claims that wait an add wakes one, which calls the next in line to see that nothing is left")
{
    std::vector<std::unique_ptr<fetching>> waiting;
    for (int i = 0; i < 50; ++i)
        waiting.push_back(std::make_unique<fetching>(a, queue, claim_request{.wait = 1h}));
    co_await settle();
    const auto before = a.store->claims();
    CHECK(before == 50);
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(waiting[0]->told() == "a at 0");
    CHECK(waiting[1]->told() == "waits");
    CHECK(a.store->claims() - before == 2);
    std::vector<job_spec<int>> many;
    for (int i = 0; i < 10; ++i)
        many.push_back({.name = "x", .data = 1, .options = {.id = std::to_string(i)}});
    co_await queue.add_bulk(many);
    co_await settle();
    CHECK(waiting[10]->told() == "9 at 0");
    CHECK(waiting[11]->told() == "waits");
    CHECK(a.store->claims() - before <= 2 + 20);
    for (auto& one : waiting)
        one->tasks.cancel();
    for (auto& one : waiting)
        co_await one->tasks.join();
}

QUEUE_CASE("a claim that is cancelled when it was woken, or knew when a job is due, leaves the job to the next in line")
{
    fetching woken{a, queue, {.wait = 1h}};
    fetching next{a, queue, {.wait = 1h}};
    fetching knowing{a, queue, {.wait = 1h}};
    fetching last{a, queue, {.wait = 1h}};
    co_await settle();
    auto looks = a.store->claims();
    co_await queue.add("x", 1, {.id = "a"});
    CHECK(a.store->claims() == looks);  // the one that was woken has not looked yet
    woken.tasks.cancel();
    co_await settle();
    CHECK(woken.state->thrown.code == asio::error::operation_aborted);
    CHECK(next.told() == "a at 0");
    looks = a.store->claims();
    co_await queue.add("x", 1, {.id = "later", .delay = 1s});
    co_await settle();
    CHECK(a.store->claims() == looks + 1);  // only one knows when
    knowing.tasks.cancel();
    co_await knowing.tasks.join();
    CHECK(knowing.state->thrown.code == asio::error::operation_aborted);
    co_await a.clock->pass(1s);
    CHECK(last.told() == "later at 1000");
}

TEST_CASE("a claim that waits ends when its queue is closed, or the engine")
{
    for (const bool engine : {false, true})
        run_app([engine](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            fetching fetch{a, queue, {.wait = 1h}};
            co_await a.clock->pass(1s);
            if (engine)
                co_await a.engine.close();
            else
                co_await queue.close();
            co_await settle();
            CHECK(fetch.state->ended);
            CHECK(fetch.state->thrown.code == errc::closed);
            CHECK(a.clock->sleepers() == 0);
        });
}

QUEUE_CASE("a claim that waits ends when it is cancelled, and leaves the jobs that come alone")
{
    fetching fetch{a, queue, {.wait = 1h}};
    co_await a.clock->pass(1s);
    fetch.tasks.cancel();
    co_await settle();
    CHECK(fetch.state->thrown.code == asio::error::operation_aborted);
    CHECK(fetch.state->at == 1s);
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
}

QUEUE_CASE("a claim that was under way when it was cancelled gives back what it took")
{
    co_await queue.add("x", 1, {.id = "a"});
    a.store->hold_answer(op::settle);
    fetching fetch{a, queue, {.wait = 1h}};
    co_await settle();
    fetch.tasks.cancel();
    co_await settle();
    a.store->let_go(op::settle);
    co_await settle();
    CHECK(fetch.state->thrown.code == asio::error::operation_aborted);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(job.attempts_made == 0);
}

QUEUE_CASE("a claim that waits throws what the store throws, and waits no more")
{
    fetching fetch{a, queue, {.wait = 1h}};
    co_await settle();
    a.store->fail(op::settle);
    co_await queue.add("x", 1, {.id = "a"});
    co_await settle();
    CHECK(fetch.state->thrown.code == errc::storage_busy);
    CHECK(a.clock->sleepers() == 0);
}

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
