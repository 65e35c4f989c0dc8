#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "app.hpp"
#include "crowd.hpp"
#include "notes.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: running jobs");

namespace {

using int_job = job<int, int>;

}  // namespace

TEST_CASE("no more jobs run at once than the concurrency allows, and no fewer")
{
    for (const int concurrency : {1, 3, 10}) {
        INFO(concurrency);
        run_app([concurrency](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await add_many(queue, 25);
            crowd here{a};
            shift worker{queue, here.processor_of(), {.concurrency = concurrency}};
            co_await settle();
            CHECK(here.inside == concurrency);
            const auto counts = co_await queue.get_job_counts();
            CHECK(counts.active == static_cast<std::size_t>(concurrency));
            here.out.open();
            co_await settle();
            CHECK(here.ended == 25);
            CHECK(here.most == concurrency);
            co_await worker.finish();
        });
    }
}

QUEUE_CASE("a slot that becomes free is filled at once")
{
    std::vector<std::unique_ptr<door>> doors;
    lines started;
    for (int i = 0; i < 4; ++i) {
        doors.push_back(std::make_unique<door>(a.executor));
        co_await queue.add("x", i);
    }
    const auto wait = [&](int_job job) -> asio::awaitable<int> {
        started.push_back(std::to_string(job.data()));
        co_await doors[static_cast<std::size_t>(job.data())]->pass();
        co_return 0;
    };
    shift worker{queue, wait, {.concurrency = 2}};
    co_await settle();
    CHECK(started == lines{"0", "1"});
    doors[1]->open();
    co_await settle();
    CHECK(started == lines{"0", "1", "2"});
    doors[2]->open();
    co_await settle();
    CHECK(started == lines{"0", "1", "2", "3"});
    doors[0]->open();
    doors[3]->open();
    co_await settle();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.completed = 4});
    co_await worker.finish();
}

QUEUE_CASE("F96: the concurrency can be changed while the worker runs, and leaves running jobs alone")
{
    co_await add_many(queue, 12);
    crowd here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    co_await settle();
    CHECK(here.inside == 2);
    worker.concurrency(5);
    co_await settle();
    CHECK(here.inside == 5);
    worker.concurrency(1);
    co_await settle();
    CHECK(here.inside == 5);
    here.most = 0;
    here.out.open();
    co_await settle();
    CHECK(here.ended == 12);
    CHECK(here.most <= 5);
    for (const int wrong : {0, -1, 10'001, std::numeric_limits<int>::max()}) {
        const auto e = error_of([&] { worker.concurrency(wrong); });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "concurrency");
    }
    co_await worker.finish();
}

QUEUE_CASE("a paused worker takes nothing and finishes what runs; other workers go on")
{
    crowd here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2}};
    co_await queue.add("x", 1);
    co_await settle();
    CHECK(here.inside == 1);
    worker.pause();
    co_await queue.add("x", 1, {.id = "b"});
    co_await a.clock->pass(1min);
    CHECK(here.inside == 1);
    here.out.open();
    co_await settle();
    CHECK(here.ended == 1);
    const auto paused = co_await queue.is_paused();
    CHECK_FALSE(paused);

    notes seen;
    shift other{queue, seen.processor_of(a)};
    co_await settle();
    CHECK(seen.take() == lines{"b at 60000"});
    co_await other.finish();

    co_await queue.add("x", 1);
    worker.resume();
    co_await settle();
    CHECK(here.ended == 2);
    co_await worker.finish();
}

QUEUE_CASE("a worker that was paused before it ran takes nothing until it is resumed")
{
    co_await queue.add("x", 1, {.id = "a"});
    notes seen;
    worker<int, int> worker{queue, seen.processor_of(a)};
    worker.pause();
    running run{worker};
    co_await a.clock->pass(1min);
    CHECK(seen.take() == lines{});
    CHECK(a.store->claims() == 0);
    worker.resume();
    co_await settle();
    CHECK(seen.take() == lines{"a at 60000"});
    co_await finish(worker, run);
}

QUEUE_CASE("two workers of one queue share the jobs, each runs once")
{
    co_await add_many(queue, 10);
    std::vector<int> first;
    std::vector<int> second;
    const auto into = [](std::vector<int>& seen) {
        return [&seen](int_job job) -> asio::awaitable<int> {
            seen.push_back(job.data());
            const auto executor = co_await asio::this_coro::executor;
            co_await asio::post(executor, asio::use_awaitable);  // lets the other one in
            co_return 0;
        };
    };
    worker<int, int> one{queue, into(first)};
    worker<int, int> two{queue, into(second)};
    CHECK(one.id() != two.id());
    running run_one{one};
    running run_two{two};
    co_await settle();
    auto all = first;
    all.insert(all.end(), second.begin(), second.end());
    std::ranges::sort(all);
    CHECK(all == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(first.size() >= 3);
    CHECK(second.size() >= 3);
    co_await one.close();
    co_await two.close();
    co_await run_one.join();
    co_await run_two.join();
}

TEST_SUITE_END();
