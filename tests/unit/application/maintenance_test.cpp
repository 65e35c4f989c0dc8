#include <map>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("maintenance");

namespace {

using int_queue = queue<int, int>;

constexpr maintenance_options every_5s{.interval = 5s};

/// Takes the best job and finishes it.
asio::awaitable<void> finish_next(int_queue queue, bool success)
{
    const auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    if (success) {
        co_await queue.complete(taken[0].claim, 1);
    } else {
        failure why{.message = "boom", .unrecoverable = true};
        co_await queue.fail(taken[0].claim, std::move(why));
    }
}

}  // namespace

APP_CASE("the store is swept at the start and then once an interval", every_5s)
{
    co_await settle();
    CHECK(a.store->calls(op::sweep) == 1);
    CHECK(a.store->calls(op::tend) == 1);
    co_await a.clock->pass(4'999ms);
    CHECK(a.store->calls(op::sweep) == 1);
    co_await a.clock->pass(1ms);
    CHECK(a.store->calls(op::sweep) == 2);
    co_await a.clock->pass(1min);
    CHECK(a.store->calls(op::sweep) == 14);
    CHECK(a.store->calls(op::tend) == 14);
    CHECK(a.clock->sleepers() == 1);
}

QUEUE_CASE("delayed jobs that are due are promoted by the next sweep, with an event each", every_5s)
{
    co_await settle();
    co_await queue.add("x", 1, {.id = "late", .delay = 5'001ms});
    co_await queue.add("x", 1, {.id = "b", .delay = 4s});
    co_await queue.add("x", 1, {.id = "a", .delay = 5s});
    co_await settle();
    recorder events{queue.events()};
    co_await a.clock->pass(4'999ms);
    CHECK(events.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(events.take() == lines{"waiting b from delayed", "waiting a from delayed"});
    const auto promoted = co_await stored(a, "q", "b");
    CHECK(promoted.state == job_state::waiting);
    CHECK_FALSE(promoted.run_at);
    co_await a.clock->pass(4'999ms);
    CHECK(events.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(events.take() == lines{"waiting late from delayed"});
}

QUEUE_CASE(
    "F57: a job that a step of the wall clock makes due is promoted by the next sweep and wakes a worker", every_5s
)
{
    std::vector<milliseconds> ran;
    const auto begin = a.clock->steady_now();
    const auto note = [&](job<int, int>) -> asio::awaitable<int> {
        ran.push_back(std::chrono::floor<milliseconds>(a.clock->steady_now() - begin));
        co_return 1;
    };
    shift worker{queue, note, {.poll_interval = 24h}};
    co_await queue.add("x", 1, {.id = "a", .delay = 30min});
    co_await settle();
    a.clock->step_wall(1h);
    co_await a.clock->pass(10s);
    CHECK(ran == std::vector<milliseconds>{5s});
    co_await worker.finish();
}

QUEUE_CASE("more due jobs than one sweep may promote are promoted by several, one after the other", every_5s)
{
    recorder events;
    std::vector<job_spec<int>> jobs(2'500, {.name = "x", .options = {.delay = 1s}});
    co_await queue.add_bulk(std::move(jobs));
    co_await settle();
    events.listen(queue.events());
    const auto before = a.store->calls(op::sweep);
    co_await a.clock->pass(5s);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 2'500});
    CHECK(a.store->calls(op::sweep) == before + 3);
    CHECK(events.take().size() == 2'500);
}

APP_CASE("finished jobs go when their retention is over, with one event for all of a sweep and queue", every_5s)
{
    const queue_options options{.on_completed = retention::keep_for(10s), .on_failed = retention::keep_last(1)};
    auto queue = a.engine.queue<int, int>("q", options);
    auto keeper = a.engine.queue<int, int>("keeper", {.on_completed = retention::keep_all()});
    co_await settle();
    for (const auto& to : {queue, keeper})
        for (const auto* id : {"a", "b", "c"})
            co_await to.add("x", 1, {.id = id});
    for (const auto& from : {queue, keeper}) {
        co_await finish_next(from, true);
        co_await finish_next(from, true);
    }
    a.clock->advance(1ms);
    co_await finish_next(queue, true);
    for (const auto* id : {"d", "e", "f"}) {
        co_await queue.add("x", 1, {.id = id});
        co_await finish_next(queue, false);
    }
    co_await settle();
    recorder events{queue.events()};
    recorder kept{keeper.events()};

    co_await a.clock->pass(4'999ms);  // at 5 s
    CHECK(events.take() == lines{"cleaned 2"});
    auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 3, .failed = 1});
    const auto newest = co_await queue.get_job("f");
    CHECK(newest.has_value());

    co_await a.clock->pass(5s);
    CHECK(events.take() == lines{"cleaned 2"});
    co_await a.clock->pass(5s);
    CHECK(events.take() == lines{"cleaned 1"});
    co_await a.clock->pass(1h);
    CHECK(events.take() == lines{});
    counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.failed = 1});
    counts = co_await keeper.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1, .completed = 2});
    CHECK(kept.take() == lines{});
}

APP_CASE("queues that this engine has not opened are swept too, and nobody is told", every_5s)
{
    auto own = a.engine.queue<int, int>("own");
    recorder events{own.events()};
    auto other = co_await engine::open(a.options());
    auto elsewhere = other.queue<int, int>("elsewhere");
    co_await elsewhere.add("x", 1, {.id = "a", .delay = 1s});
    co_await settle();
    recorder events_there{elsewhere.events()};
    co_await a.clock->pass(5s);
    const auto job = co_await stored(a, "elsewhere", "a");
    CHECK(job.state == job_state::waiting);
    CHECK(events.take() == lines{});
    CHECK(events_there.take() == lines{});
}

TEST_CASE("what the store refuses is told on every queue and tried again at the next sweep, and not before")
{
    for (const auto which : {op::locks, op::sweep, op::tend}) {
        INFO(static_cast<int>(which));
        run_app(
            [which](app& a) -> asio::awaitable<void> {
                auto one = a.engine.queue<int, int>("one");
                auto two = a.engine.queue<int, int>("two");
                co_await settle();
                co_await one.add("x", 1, {.id = "a", .delay = 1s});
                co_await settle();
                std::map<std::string, int> codes;
                one.events().error.connect([&](const error_event& e) {
                    ++codes[error_of([&] { std::rethrow_exception(e.error); }).code.message()];
                });
                recorder first{one.events()};
                recorder second{two.events()};
                a.store->fail(which, 2, errc::storage_full);
                const auto before = a.store->calls(which);
                co_await a.clock->pass(10s);
                CHECK(a.store->calls(which) == before + 2);
                CHECK(codes == std::map<std::string, int>{{make_error_code(errc::storage_full).message(), 2}});
                const auto seen = first.take();
                CHECK(std::ranges::count(seen, "error scripted") == 2);
                CHECK(second.take() == lines{"error scripted", "error scripted"});
                co_await a.clock->pass(5s);
                CHECK(a.store->calls(which) == before + 3);
                CHECK(second.take() == lines{});
                const auto job = co_await stored(a, "one", "a");
                CHECK(job.state == job_state::waiting);
            },
            every_5s
        );
    }
}

QUEUE_CASE(
    "a store that loses its writes is reported once, whatever else fails, and there are no more sweeps", every_5s
)
{
    std::vector<thrown_error> told;
    queue.events().error.connect([&](const error_event& e) {
        told.push_back(error_of([&] { std::rethrow_exception(e.error); }));
    });
    co_await a.clock->pass(10s);
    CHECK(told.empty());
    const auto sweeps = a.store->calls(op::sweep);
    a.store->condition = {.warnings = {{errc::storage_corrupt, "the store was replaced"}}, .lost = true};
    a.store->fail(op::locks, 20, errc::storage_busy);
    co_await a.clock->pass(5s);
    REQUIRE(told.size() == 1);
    CHECK(told[0].code == errc::storage_corrupt);
    CHECK(told[0].text.find("replaced") != std::string::npos);
    co_await a.clock->pass(1min);
    CHECK(told.size() == 1);
    CHECK(a.store->calls(op::sweep) == sweeps);
}

QUEUE_CASE("a warning of the store is reported once as long as it stays, and again when it comes back", every_5s)
{
    std::vector<std::string> told;
    queue.events().error.connect([&](const error_event& e) { told.push_back(e.text); });
    const storage_status full{.warnings = {{errc::storage_full, "nearly full"}}};
    a.store->condition = full;
    co_await a.clock->pass(1min);
    REQUIRE(told.size() == 1);
    CHECK(told[0].find("nearly full") != std::string::npos);
    CHECK(a.store->calls(op::sweep) > 10);
    a.store->condition = {};
    co_await a.clock->pass(5s);
    a.store->condition = full;
    co_await a.clock->pass(5s);
    CHECK(told.size() == 2);
}

TEST_SUITE_END();
