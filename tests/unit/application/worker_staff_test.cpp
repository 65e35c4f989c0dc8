// Several idle workers of one queue: how many of them are woken.
#include "app.hpp"
#include "notes.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: running jobs");

namespace {

/// Workers of one queue, `size` of them.
class staff {
public:
    staff(queue<int, int> queue, int size, processor<int, int> run_job, int slots = 1)
    {
        for (int i = 0; i < size; ++i) {
            workers_.push_back(std::make_unique<worker<int, int>>(queue, run_job, worker_options{.concurrency = slots})
            );
            runs_.push_back(std::make_unique<running>(*workers_.back()));
        }
    }
    worker<int, int>& operator[](std::size_t which) { return *workers_[which]; }
    asio::awaitable<void> finish()
    {
        for (auto& one : workers_)
            co_await one->close();
        for (auto& one : runs_)
            co_await one->join();
    }

private:
    std::vector<std::unique_ptr<worker<int, int>>> workers_{};
    std::vector<std::unique_ptr<running>> runs_{};
};

}  // namespace

QUEUE_CASE("a date that becomes known or comes costs one claim, however many workers are idle")
{
    notes seen;
    staff workers{queue, 10, seen.processor_of(a), 2};
    co_await settle();
    auto before = a.store->claims();
    co_await queue.add("x", 1, {.id = "a", .delay = 3s});
    co_await queue.add("x", 1, {.id = "b", .delay = 2s});
    co_await queue.add("x", 1, {.id = "c", .delay = 1s});
    co_await a.clock->pass(999ms);
    CHECK(a.store->claims() == before);
    co_await a.clock->pass(1ms);
    CHECK(seen.take() == lines{"c at 1000"});
    CHECK(a.store->claims() - before <= 2);  // one that takes it, and one with its end
    before = a.store->claims();
    co_await a.clock->pass(2s);
    CHECK(seen.take() == lines{"b at 2000", "a at 3000"});
    CHECK(a.store->claims() - before <= 4);
    co_await workers.finish();
}

QUEUE_CASE("where each idle worker can take one job only, one more looks after the one that took it")
{
    notes seen;
    staff workers{queue, 10, seen.processor_of(a)};
    co_await settle();
    const auto before = a.store->claims();
    co_await queue.add("x", 1, {.id = "a", .delay = 1s});
    co_await a.clock->pass(1s);
    CHECK(seen.take() == lines{"a at 1000"});
    CHECK(a.store->claims() - before <= 3);  // one that takes it, one with its end, and one that finds nothing more
    co_await workers.finish();
}

QUEUE_CASE("a worker that ends before it looks for more that is due leaves that to the next")
{
    door out{a.executor};
    int started = 0;
    const auto wait = [&](job<int, int>) -> asio::awaitable<int> {
        ++started;
        co_await out.pass();
        co_return 0;
    };
    staff workers{queue, 6, wait};
    co_await settle();
    for (int i = 0; i < 4; ++i)
        co_await queue.add("x", 1, {.delay = 1s});
    a.store->hold_answer(op::settle);
    co_await a.clock->pass(1s);
    a.store->let_go(op::settle);
    workers[0].stop();
    workers[1].stop();
    co_await settle();
    CHECK(started == 4);
    out.open();
    co_await workers.finish();
}

QUEUE_CASE("a date is kept though the worker that knows it runs a job then, and jobs of one date start together")
{
    door out{a.executor};
    lines started;
    const auto wait = [&](job<int, int> job) -> asio::awaitable<int> {
        started.push_back(job.id().str() + " at " + std::to_string(a.elapsed().count()));
        co_await out.pass();
        co_return 0;
    };
    staff workers{queue, 5, wait};
    co_await settle();
    co_await queue.add("x", 1, {.id = "a", .delay = 1s});
    co_await queue.add("x", 1, {.id = "b", .delay = 1'010ms});
    for (const char* id : {"c", "d", "e"})
        co_await queue.add("x", 1, {.id = id, .delay = 1'020ms});
    co_await a.clock->pass(1'020ms);
    CHECK(started == lines{"a at 1000", "b at 1010", "c at 1020", "d at 1020", "e at 1020"});
    out.open();
    co_await workers.finish();
}

QUEUE_CASE("what a rate has held back starts together when its time is over, though one worker looks first")
{
    door out{a.executor};
    int waiting = 0;
    const auto act = [&](job<int, int> job) -> asio::awaitable<int> {
        if (job.data() > 0)
            co_return 0;
        ++waiting;
        co_await out.pass();
        co_return 0;
    };
    staff workers{queue, 5, act};
    co_await queue.set_rate_limit({.max = 5, .duration = 1s});
    co_await settle();
    for (int i = 0; i < 5; ++i)
        co_await queue.add("x", 1);
    co_await settle();
    for (int i = 0; i < 5; ++i)
        co_await queue.add("x", 0);
    co_await a.clock->pass(999ms);
    CHECK(waiting == 0);
    co_await a.clock->pass(1ms);
    CHECK(waiting == 5);
    out.open();
    co_await workers.finish();
}

QUEUE_CASE("dates are kept when the wall clock is set back after one of them")
{
    notes seen;
    staff workers{queue, 3, seen.processor_of(a)};
    co_await settle();
    co_await queue.add("x", 1, {.id = "a", .delay = 1s});
    co_await a.clock->pass(1s);
    a.clock->step_wall(-1h);
    co_await queue.add("x", 1, {.id = "b", .delay = 700ms});
    co_await a.clock->pass(700ms);
    CHECK(seen.take().size() == 2);
    co_await workers.finish();
}

QUEUE_CASE("as many idle workers are woken as there are jobs, and where one ends meanwhile another takes its job")
{
    notes seen;
    staff workers{queue, 10, seen.processor_of(a)};
    co_await settle();
    const auto before = a.store->claims();
    std::vector<job_spec<int>> two{
        {.name = "x", .data = 1, .options = {.id = "a"}}, {.name = "x", .data = 1, .options = {.id = "b"}}
    };
    co_await queue.add_bulk(two);
    co_await settle();
    CHECK(seen.take().size() == 2);
    CHECK(a.store->claims() - before <= 4);  // two that take one, and ask again with its end
    co_await queue.add_bulk({{.name = "x", .data = 1, .options = {.id = "c"}}});
    workers[0].stop();  // the one that was woken, since idle workers are woken in the order in which they began
    co_await settle();
    CHECK(seen.take().size() == 1);
    co_await workers.finish();
}

TEST_SUITE_END();
