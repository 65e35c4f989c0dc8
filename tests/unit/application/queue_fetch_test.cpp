#include <boost/asio/error.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "fetching.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: waiting for jobs by hand");

namespace {

using int_queue = queue<int, int>;

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
    co_await queue.add("x", 1, {.id = "b", .delay = 12s});  // added while it waits
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

TEST_SUITE_END();
