#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("events");

namespace {

using int_queue = queue<int, int>;
using int_job = job<int, int>;

/// A queue with a job in each state.
struct stocked {
    int_queue queue{};
    claim held{};
    int_job active{};
};

asio::awaitable<stocked> stock(app& a)
{
    stocked out{.queue = a.engine.queue<int, int>("q")};
    co_await out.queue.add("x", 1, {.id = "done"});
    auto taken = co_await out.queue.fetch_next_and_lock({});
    co_await out.queue.complete(taken.at(0).claim, 1);
    co_await out.queue.add("x", 1, {.id = "active"});
    taken = co_await out.queue.fetch_next_and_lock({});
    out.held = taken.at(0).claim;
    out.active = taken.at(0).job;
    co_await out.queue.add("x", 1, {.id = "waiting"});
    co_await out.queue.add("x", 1, {.id = "delayed", .delay = 1h});
    co_await settle();
    co_return out;
}

template <class T>
asio::awaitable<void> ignore(asio::awaitable<T> operation)
{
    co_await std::move(operation);
}

failure boom() { return {.message = "boom"}; }

struct step {
    std::string name;
    op held;
    std::function<asio::awaitable<void>(stocked&)> act;
    lines expected;
    lines if_cancelled{};  ///< Follows where the caller was cancelled meanwhile.
};

const std::vector<step>& steps()
{
    static const std::vector<step> all{
        {"add", op::add, [](stocked& s) { return ignore(s.queue.add("x", 1, {.id = "n"})); }, {"added n x", "waiting n"}
        },
        {"add again",
         op::add,
         [](stocked& s) { return ignore(s.queue.add("x", 1, {.id = "done"})); },
         {"duplicated done"}},
        {"claim",
         op::settle,
         [](stocked& s) { return ignore(s.queue.fetch_next_and_lock({})); },
         {"active waiting"},
         {"released waiting"}},
        {"complete", op::settle, [](stocked& s) { return s.queue.complete(s.held, 7); }, {"completed active 7"}},
        {"fail",
         op::settle,
         [](stocked& s) { return s.queue.fail(s.held, boom()); },
         {"failed active boom", "retries_exhausted active 1"}},
        {"progress", op::progress, [](stocked& s) { return s.active.update_progress(5); }, {"progress active 5"}},
        {"log", op::log, [](stocked& s) { return s.active.log("line"); }, {"log active line"}},
        {"pause", op::set_paused, [](stocked& s) { return s.queue.pause(); }, {"paused"}},
        {"promote", op::promote, [](stocked& s) { return s.queue.promote("delayed"); }, {"waiting delayed from delayed"}
        },
        {"retry", op::retry, [](stocked& s) { return s.queue.retry("done"); }, {"waiting done from completed"}},
        {"remove", op::remove, [](stocked& s) { return ignore(s.queue.remove("done")); }, {"removed done"}},
    };
    return all;
}

}  // namespace

TEST_CASE("no event comes before the store has answered, and each comes once it has")
{
    for (const auto& step : steps()) {
        INFO(step.name);
        run_app([&step](app& a) -> asio::awaitable<void> {
            auto s = co_await stock(a);
            recorder events{s.queue.events()};
            a.store->hold_answer(step.held);
            task_group tasks{a.executor};
            tasks.spawn(step.act(s));
            co_await settle();
            REQUIRE(a.store->held(step.held) == 1);
            CHECK(events.take() == lines{});
            a.store->let_go(step.held);
            co_await settle();
            CHECK(events.take() == step.expected);
            co_await tasks.join();
        });
    }
}

TEST_CASE("an operation whose caller is cancelled meanwhile is still carried out, and its events are emitted")
{
    for (const auto& step : steps()) {
        INFO(step.name);
        run_app([&step](app& a) -> asio::awaitable<void> {
            auto s = co_await stock(a);
            recorder events{s.queue.events()};
            a.store->hold_answer(step.held);
            task_group tasks{a.executor};
            tasks.spawn(step.act(s));
            co_await settle();
            REQUIRE(a.store->held(step.held) == 1);
            tasks.cancel();
            co_await settle();
            CHECK(a.store->held(step.held) == 1);
            a.store->let_go(step.held);
            co_await settle();
            auto expected = step.expected;
            expected.insert(expected.end(), step.if_cancelled.begin(), step.if_cancelled.end());
            CHECK(events.take() == expected);
            co_await tasks.join();
        });
    }
}

TEST_CASE("an operation that the store refuses is told to its caller and to nobody else")
{
    for (const auto& step : steps()) {
        INFO(step.name);
        run_app([&step](app& a) -> asio::awaitable<void> {
            auto s = co_await stock(a);
            recorder events{s.queue.events()};
            a.store->fail(step.held, 1, errc::storage_full);
            const auto e = co_await error_of(step.act(s));
            CHECK(e.code == errc::storage_full);
            co_await settle();
            CHECK(events.take() == lines{});
        });
    }
}

QUEUE_CASE("an event comes from a handler of its own, never within the call that caused it")
{
    recorder events{queue.events()};
    co_await queue.add("x", 1, {.id = "a"});
    CHECK(events.all() == lines{});
    co_await queue.pause();
    CHECK(events.all() == lines{});
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a", "paused"});
}

APP_CASE("the events of a queue are heard on its own handles alone, through whichever of them they were caused")
{
    auto first = std::make_unique<int_queue>(a.engine.queue<int, int>("q"));
    recorder events{first->events()};
    first.reset();
    auto other = a.engine.queue<int, int>("other");
    recorder others{other.events()};
    auto engine = co_await engine::open(a.options());
    auto elsewhere = engine.queue<int, int>("q");  // the same jobs, but another engine
    recorder there{elsewhere.events()};
    co_await settle();

    co_await a.engine.queue<int, int>("q").add("x", 1, {.id = "a"});
    co_await a.engine.queue("q").remove("a");  // of other types, yet the same queue
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a", "removed a"});
    CHECK(others.take() == lines{});
    CHECK(there.take() == lines{});
    co_await other.pause();
    co_await elsewhere.pause();
    co_await settle();
    CHECK(events.take() == lines{});
    CHECK(others.take() == lines{"paused"});
    CHECK(there.take() == lines{"paused"});
}

QUEUE_CASE("the events of a job come in the order of its life")
{
    recorder events{queue.events()};
    const auto act = [](int_job job) -> asio::awaitable<int> {
        co_await job.log("run " + std::to_string(job.attempts_started()));
        co_await job.update_progress(job.attempts_started());
        if (job.attempts_started() < 4)
            throw std::runtime_error{"boom"};
        co_return 42;
    };
    shift worker{queue, act};
    job_options options{.id = "a", .delay = 1s, .attempts = 2, .backoff = backoff::fixed(2s)};
    co_await queue.add("x", 1, options);
    co_await queue.add("x", 1, options);
    co_await queue.promote("a");
    co_await a.clock->pass(10s);
    co_await queue.retry("a");
    co_await a.clock->pass(10s);
    co_await queue.remove("a");
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "added a x",
            "delayed a until 1000",
            "duplicated a",
            "waiting a from delayed",
            "active a",
            "log a run 1",
            "progress a 1",
            "retrying a after 2000 made 1 boom",
            "drained",  // a delayed job does not count
            "waiting a from delayed",
            "active a",
            "log a run 2",
            "progress a 2",
            "failed a boom",
            "retries_exhausted a 2",
            "drained",
            "waiting a from failed",
            "active a",
            "log a run 3",
            "progress a 3",
            "retrying a after 2000 made 1 boom",
            "drained",  // a delayed job does not count
            "waiting a from delayed",
            "active a",
            "log a run 4",
            "progress a 4",
            "completed a 42",
            "drained",
            "removed a"
        }
    );
    co_await worker.finish();
}

TEST_SUITE_END();
