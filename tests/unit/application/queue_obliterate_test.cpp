#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: obliterate");

namespace {

using totals = std::vector<std::size_t>;

}  // namespace

QUEUE_CASE("a queue without running jobs is obliterated: no job is left, and it is not paused any more")
{
    auto other = a.engine.queue<int, int>("other");
    co_await other.add("x", 1);
    co_await queue.add("x", 1, {.id = "completed"});
    auto taken = co_await queue.fetch_next_and_lock({});
    co_await queue.complete(taken.at(0).claim, 1);
    co_await queue.add("x", 1, {.id = "waiting"});
    co_await queue.add("x", 1, {.id = "delayed", .delay = 1h});
    co_await queue.pause();
    recorder events{queue.events()};
    totals progress;
    co_await queue.obliterate(false, [&](std::size_t total) { progress.push_back(total); });
    CHECK(progress == totals{1, 2, 3});
    co_await settle();
    CHECK(events.take() == lines{"cleaned 1", "cleaned 1", "cleaned 1"});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{});
    const bool paused = co_await queue.is_paused();
    CHECK_FALSE(paused);
    const auto others = co_await other.get_job_counts();
    CHECK(others == job_counts{.waiting = 1});
}

QUEUE_CASE("with a job that runs nothing is removed, unless by force")
{
    co_await queue.add("x", 1, {.id = "active"});
    const auto taken = co_await queue.fetch_next_and_lock({});
    co_await queue.add("x", 1, {.id = "waiting"});
    co_await queue.pause();
    recorder events{queue.events()};
    const auto e = co_await error_of(queue.obliterate());
    CHECK(e.code == errc::wrong_state);
    CHECK(e.text == "1 jobs of queue 'q' are active; wait for them, or obliterate with force");
    auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1, .active = 1});
    const bool paused = co_await queue.is_paused();
    CHECK(paused);
    co_await settle();
    CHECK(events.take() == lines{});

    co_await queue.obliterate(true);
    counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{});
    co_await settle();
    CHECK(events.take() == lines{"cleaned 1", "cleaned 1"});
    const auto lost = co_await error_of(queue.complete(taken.at(0).claim, 1));
    CHECK(lost.code == errc::lock_lost);
}

QUEUE_CASE("who runs a job that was removed by force finds its lock lost, and its result is dropped")
{
    ward here{a};
    shift worker{queue, here.processor_of(), {.concurrency = 2, .lock_duration = 30s}};
    for (const auto* id : {"renews", "returns"})
        co_await queue.add("x", 1, {.id = id});
    co_await settle();
    recorder events{queue.events()};
    recorder own{worker.events()};
    co_await queue.obliterate(true);
    here.let_out({"returns"});
    co_await settle();
    CHECK(own.take() == lines{"lock_lost returns"});
    co_await a.clock->pass(15s);
    CHECK(own.take() == lines{"lock_lost renews"});
    CHECK(here.inside == 0);
    CHECK(events.take() == lines{"cleaned 2"});
    co_await queue.add("x", 1, {.id = "new"});
    here.let_out({"new"});
    co_await settle();
    const auto job = co_await stored(a, "q", "new");
    CHECK(job.state == job_state::completed);
    co_await worker.finish();
}

QUEUE_CASE("a queue that was obliterated can be used as before")
{
    co_await queue.obliterate();
    co_await queue.obliterate(true);
    co_await queue.add("x", 1, {.id = "a"});
    co_await queue.obliterate();
    const auto again = co_await queue.add("x", 2, {.id = "a"});
    CHECK_FALSE(again.duplicate);
    const auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    CHECK(taken[0].job.data() == 2);
}

TEST_SUITE_END();
