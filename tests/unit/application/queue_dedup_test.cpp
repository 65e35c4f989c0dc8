#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "notes.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;
using mode = deduplication::mode;

TEST_SUITE_BEGIN("queue: deduplication");

namespace {

using int_queue = queue<int, int>;

job_options unique(std::string id, mode how = mode::until_finished, milliseconds ttl = {})
{
    return {.id = std::move(id), .dedup = deduplication{.id = "d", .how = how, .ttl = ttl}};
}

/// The first job of the queue, taken by hand.
}  // namespace

QUEUE_CASE("an add that another job stands in for answers that job, and tells")
{
    recorder events{queue.events()};
    const auto first = co_await queue.add("x", 1, unique("a"));
    CHECK_FALSE(first.duplicate);
    CHECK_FALSE(first.deduplicated_by);
    const auto second = co_await queue.add("x", 2, unique("b"));
    CHECK_FALSE(second.duplicate);
    CHECK(second.deduplicated_by == job_id{"a"});
    CHECK(second.id() == "a");
    CHECK(second.data() == 1);
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a", "deduplicated d by a"});
}

QUEUE_CASE("a throttle refuses until its time is over, whatever became of the owner")
{
    (void)co_await queue.add("x", 1, unique("a", mode::throttle, 1s));
    auto held = co_await take(queue);
    co_await queue.complete(std::move(held), 1);
    recorder events{queue.events()};
    a.clock->advance(999ms);
    const auto refused = co_await queue.add("x", 1, unique("b", mode::throttle, 1s));
    CHECK(refused.deduplicated_by == job_id{"a"});
    CHECK(refused.state() == job_state::completed);
    a.clock->advance(1ms);
    const auto added = co_await queue.add("x", 1, unique("c", mode::throttle, 1s));
    CHECK_FALSE(added.deduplicated_by);
    co_await settle();
    CHECK(events.take() == lines{"deduplicated d by a", "added c x", "waiting c"});
}

QUEUE_CASE("an extension returns the owner, and refuses as long as adds go on")
{
    (void)co_await queue.add("x", 1, unique("a", mode::extend, 1s));
    recorder events{queue.events()};
    for (int i = 0; i < 5; ++i) {
        a.clock->advance(900ms);
        const auto refused = co_await queue.add("x", 1, unique("b", mode::extend, 1s));
        CHECK(refused.deduplicated_by == job_id{"a"});
    }
    a.clock->advance(1s);
    const auto added = co_await queue.add("x", 1, unique("b", mode::extend, 1s));
    CHECK_FALSE(added.deduplicated_by);
    co_await settle();
    CHECK(events.all().size() == 7);
}

QUEUE_CASE("a debounced job runs once, so long after the last add, with its data")
{
    recorder events{queue.events()};
    lines ran;
    const auto act = [&](job<int, int> job) -> asio::awaitable<int> {
        ran.push_back(std::to_string(job.data()) + " at " + std::to_string(a.elapsed().count()));
        co_return 1;
    };
    shift worker{queue, act};
    for (int i = 0; i < 3; ++i) {
        auto options = unique("j" + std::to_string(i), mode::replace);
        options.delay = 1s;
        const auto added = co_await queue.add("x", i, std::move(options));
        CHECK_FALSE(added.deduplicated_by);
        CHECK(added.data() == i);
        co_await a.clock->pass(600ms);
    }
    co_await a.clock->pass(5s);
    CHECK(ran == lines{"2 at 2200"});
    CHECK(
        events.take() ==
        lines{
            "added j0 x",
            "delayed j0 until 1000",
            "removed j0",
            "added j1 x",
            "delayed j1 until 1600",
            "removed j1",
            "added j2 x",
            "delayed j2 until 2200",
            "waiting j2 from delayed",
            "active j2",
            "completed j2 1",
            "drained"
        }
    );
    co_await worker.finish();
}

QUEUE_CASE("a kept job runs at once after the end of the owner, the newest of those that were added")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 5}};
    co_await settle();
    (void)co_await queue.add("x", 1, unique("a", mode::keep_last));
    co_await settle();
    recorder events{queue.events()};
    const auto first = co_await queue.add("x", 2, unique("b", mode::keep_last));
    CHECK(first.deduplicated_by == job_id{"a"});
    CHECK(first.id() == "b");
    CHECK(first.state() == job_state::delayed);
    const auto second = co_await queue.add("x", 3, unique("c", mode::keep_last));
    CHECK(second.deduplicated_by == job_id{"a"});
    CHECK(second.id() == "c");
    co_await settle();
    CHECK(here.started == lines{"a"});
    CHECK(
        events.take() ==
        lines{"deduplicated d by a keeps b", "added b x", "removed b", "deduplicated d by a keeps c", "added c x"}
    );
    here.let_out({"a"});
    co_await settle();
    CHECK(here.started == lines{"a", "c"});
    CHECK(a.elapsed() == 0ms);
    auto told = events.take();
    std::ranges::sort(told);
    CHECK(told == lines{"active c", "completed a 42", "waiting c from delayed"});
    here.let_out({"c"});
    co_await worker.finish();
}

QUEUE_CASE("a kept job that a worker of another process frees is found as any other")
{
    (void)co_await queue.add("x", 1, unique("a", mode::keep_last));
    auto held = co_await take(queue);
    (void)co_await queue.add("x", 1, unique("b", mode::keep_last));
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    auto other = co_await engine::open(a.options());
    co_await other.queue<int, int>("q").complete(std::move(held), 1);
    co_await settle();
    CHECK(seen.take() == lines{});
    a.store->changes.set();
    co_await settle();
    CHECK(seen.take() == lines{"b at 0"});
    co_await worker.finish();
}

QUEUE_CASE("a kept job waits, and is reported, when the owner is removed")
{
    (void)co_await queue.add("x", 1, unique("a", mode::keep_last));
    auto held = co_await take(queue);
    (void)co_await queue.add("x", 1, unique("b", mode::keep_last));
    co_await queue.release(std::move(held));
    recorder events{queue.events()};
    (void)co_await queue.remove("a");
    co_await settle();
    CHECK(events.take() == lines{"removed a", "waiting b from delayed"});
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    CHECK(seen.take() == lines{"b at 0"});
    co_await worker.finish();
}

QUEUE_CASE("a queue that is obliterated keeps no kept job")
{
    (void)co_await queue.add("x", 1, unique("a", mode::keep_last));
    auto held = co_await take(queue);
    (void)co_await queue.add("x", 1, unique("b", mode::keep_last));
    co_await queue.release(std::move(held));
    co_await queue.obliterate();
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{});
}

QUEUE_CASE(
    "a job that holds its deduplication id is removed when its time is over, and the removal is emitted then",
    maintenance_options{.interval = 1s}
)
{
    auto options = unique("a", mode::throttle, 3s);
    options.on_completed = retention::remove_at_once();
    (void)co_await queue.add("x", 1, std::move(options));
    recorder events{queue.events()};
    auto held = co_await take(queue);
    co_await queue.complete(std::move(held), 1);
    co_await settle();
    CHECK(events.take() == lines{"active a", "completed a 1"});
    co_await a.clock->pass(5s);
    CHECK(events.take() == lines{"cleaned 1"});
}

QUEUE_CASE("of several adds in one call each is told what became of it")
{
    recorder events{queue.events()};
    std::vector<job_spec<int>> jobs;
    for (const auto* id : {"a", "b", "a"})
        jobs.push_back({.name = "x", .data = 1, .options = unique(id)});
    const auto added = co_await queue.add_bulk(std::move(jobs));
    REQUIRE(added.size() == 3);
    CHECK_FALSE(added[0].deduplicated_by);
    CHECK(added[1].deduplicated_by == job_id{"a"});
    CHECK(added[1].id == "a");
    CHECK(added[2].duplicate);
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a", "deduplicated d by a", "duplicated a"});
}

QUEUE_CASE("an add that is refused leaves an idle worker idle, and the next one runs")
{
    (void)co_await queue.add("x", 1, unique("a"));
    auto held = co_await take(queue);
    notes seen;
    shift worker{queue, seen.processor_of(a)};
    co_await settle();
    const auto refused = co_await queue.add("x", 1, unique("b"));
    CHECK(refused.deduplicated_by == job_id{"a"});
    co_await settle();
    CHECK(seen.take() == lines{});
    co_await queue.complete(std::move(held), 1);
    (void)co_await queue.add("x", 1, unique("c"));
    co_await settle();
    CHECK(seen.take() == lines{"c at 0"});
    co_await worker.finish();
}

TEST_SUITE_END();
