#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: many jobs at once");

namespace {

using int_queue = queue<int, int>;
using totals = std::vector<std::size_t>;

progress_callback noting(totals& into)
{
    return [&into](std::size_t total) { into.push_back(total); };
}

/// They fail one a second.
asio::awaitable<void> fail_numbered(app& a, int_queue in, int count)
{
    for (int i = 0; i < count; ++i) {
        co_await in.add("x", 1, {.id = std::to_string(i)});
        const auto taken = co_await in.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        a.clock->advance(1s);
        co_await in.fail(taken[0].claim, failure{.message = "boom"});
    }
}

/// One job in each state, with its name for the id.
asio::awaitable<claim> add_one_in_each_state(int_queue in)
{
    co_await in.add("x", 1, {.id = "completed"});
    auto taken = co_await in.fetch_next_and_lock({});
    co_await in.complete(taken.at(0).claim, 1);
    co_await in.add("x", 1, {.id = "failed"});
    taken = co_await in.fetch_next_and_lock({});
    co_await in.fail(taken.at(0).claim, failure{.message = "boom"});
    co_await in.add("x", 1, {.id = "active"});
    taken = co_await in.fetch_next_and_lock({});
    co_await in.add("x", 1, {.id = "waiting"});
    co_await in.add("x", 1, {.id = "delayed", .delay = 1h});
    co_return taken.at(0).claim;
}

}  // namespace

QUEUE_CASE("drain removes what waits, with one event, and leaves the rest alone")
{
    co_await add_one_in_each_state(queue);
    co_await queue.add("x", 1);
    recorder events{queue.events()};
    totals progress;
    const auto removed = co_await queue.drain(false, noting(progress));
    CHECK(removed == 2);
    CHECK(progress == totals{2});
    co_await settle();
    CHECK(events.take() == lines{"cleaned 2"});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.delayed = 1, .active = 1, .completed = 1, .failed = 1});
    const auto nothing = co_await queue.drain();
    CHECK(nothing == 0);
    co_await settle();
    CHECK(events.take() == lines{});
}

QUEUE_CASE("drain removes delayed jobs too where it is asked to, and counts on")
{
    co_await add_one_in_each_state(queue);
    co_await queue.add("x", 1, {.delay = 2h});
    recorder events{queue.events()};
    totals progress;
    const auto removed = co_await queue.drain(true, noting(progress));
    CHECK(removed == 3);
    CHECK(progress == totals{2, 3});
    co_await settle();
    CHECK(events.take() == lines{"cleaned 2", "cleaned 1"});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.active = 1, .completed = 1, .failed = 1});
}

QUEUE_CASE("thousands go in transactions of a thousand, each reported, with other work between them")
{
    co_await add_numbered(queue, 2500);
    recorder events{queue.events()};
    totals progress;
    const auto removed = co_await queue.drain(false, noting(progress));
    CHECK(removed == 2500);
    CHECK(progress == totals{1000, 2000, 2500});
    CHECK(a.store->calls(op::change_all) == 3);
    co_await settle();
    CHECK(events.take() == lines{"cleaned 1000", "cleaned 1000", "cleaned 500"});
}

QUEUE_CASE("what was done before an error stays done, and another call goes on")
{
    co_await add_numbered(queue, 2500);
    recorder events{queue.events()};
    const auto fail_next = [&](std::size_t) { a.store->fail(op::change_all); };
    const auto e = co_await error_of(queue.drain(false, fail_next));
    CHECK(e.code == errc::storage_busy);
    co_await settle();
    CHECK(events.take() == lines{"cleaned 1000"});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1500});
    const auto rest = co_await queue.drain();
    CHECK(rest == 1500);
}

QUEUE_CASE("a queue that is closed meanwhile ends what goes through its jobs, between two transactions")
{
    co_await add_numbered(queue, 1500);
    task_group tasks{a.executor};
    thrown_error e;
    const auto drain = [&]() -> asio::awaitable<void> { e = co_await error_of(queue.drain()); };
    a.store->hold_answer(op::change_all);
    tasks.spawn(drain());
    co_await settle();
    co_await queue.close();
    a.store->let_go(op::change_all);
    co_await tasks.join();
    CHECK(e.code == errc::closed);
    const auto left = co_await a.store->inner().counts("q");
    CHECK(left == job_counts{.waiting = 500});
}

QUEUE_CASE("clean removes jobs of one state, the oldest first, that finished at least so long ago")
{
    co_await fail_numbered(a, queue, 5);  // after 1 s ... 5 s
    co_await queue.add("x", 1, {.id = "waiting"});
    recorder events{queue.events()};
    const auto none = co_await queue.clean({.state = job_state::completed});
    CHECK(none == 0);
    const auto too_young = co_await queue.clean({.state = job_state::failed, .grace = 4'001ms});
    CHECK(too_young == 0);
    const auto first = co_await queue.clean({.state = job_state::failed, .grace = 4'000ms});
    CHECK(first == 1);
    const auto found = co_await queue.get_job("0");
    CHECK_FALSE(found);
    totals progress;
    const auto two = co_await queue.clean({.state = job_state::failed, .limit = 2, .progress = noting(progress)});
    CHECK(two == 2);
    CHECK(progress == totals{2});
    const auto third = co_await queue.get_job("2");
    CHECK_FALSE(third);
    const auto left = co_await queue.clean({.state = job_state::failed});
    CHECK(left == 2);
    const auto waiting = co_await queue.clean({.state = job_state::waiting});
    CHECK(waiting == 1);
    co_await settle();
    CHECK(events.take() == lines{"cleaned 1", "cleaned 2", "cleaned 2", "cleaned 1"});
}

QUEUE_CASE("the longest grace leaves everything, and a limit of none does nothing")
{
    co_await fail_numbered(a, queue, 2);
    const auto never = co_await queue.clean({.state = job_state::failed, .grace = milliseconds::max()});
    CHECK(never == 0);
    const auto none = co_await queue.clean({.state = job_state::failed, .limit = 0});
    CHECK(none == 0);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.failed = 2});
}

QUEUE_CASE("clean goes over its limit by no job, however large it is")
{
    co_await add_numbered(queue, 2500);
    totals progress;
    const auto removed =
        co_await queue.clean({.state = job_state::waiting, .limit = 1234, .progress = noting(progress)});
    CHECK(removed == 1234);
    CHECK(progress == totals{1000, 1234});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1266});
}

QUEUE_CASE("an active job is nobody's to clean")
{
    co_await add_one_in_each_state(queue);
    const auto e = co_await error_of(queue.clean({.state = job_state::active}));
    CHECK(e.code == errc::invalid_argument);
    CHECK(e.field == "state");
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts.active == 1);
}

QUEUE_CASE("retry_all lets all failed jobs wait again, with an event each, and wakes the workers")
{
    co_await fail_numbered(a, queue, 3);
    ward here{a};
    here.let_out_all(3);
    shift worker{queue, here.processor_of()};
    co_await settle();
    recorder events{queue.events()};
    totals progress;
    const auto retried = co_await queue.retry_all({.progress = noting(progress)});
    CHECK(retried == 3);
    CHECK(progress == totals{3});
    co_await settle();
    auto told = events.take();
    REQUIRE(told.size() > 3);
    told.resize(3);
    CHECK(told == lines{"waiting 0 from failed", "waiting 1 from failed", "waiting 2 from failed"});
    CHECK(here.started == lines{"0", "1", "2"});
    const auto completed = co_await queue.retry_all({.state = job_state::completed});
    CHECK(completed == 3);
    co_await settle();
    CHECK(here.started.size() == 6);
    co_await worker.finish();
}

TEST_CASE("retry_all keeps the attempts made where it is asked to")
{
    for (const bool keep : {false, true})
        run_app([keep](app& a, queue<int, int> queue) -> asio::awaitable<void> {
            co_await fail_numbered(a, queue, 1);
            co_await queue.retry_all({.options = {.keep_attempts = keep}});
            const auto job = co_await stored(a, "q", "0");
            CHECK(job.state == job_state::waiting);
            CHECK(job.attempts_made == (keep ? 1 : 0));
        });
}

QUEUE_CASE("a job that fails again while retry_all goes on is not for it")
{
    co_await fail_numbered(a, queue, 1200);
    task_group tasks{a.executor};
    std::size_t retried = 0;
    const auto retry = [&]() -> asio::awaitable<void> { retried = co_await queue.retry_all(); };
    a.store->hold_answer(op::change_all);
    tasks.spawn(retry());
    co_await settle();
    a.clock->advance(1s);
    const auto taken = co_await queue.fetch_next_and_lock({.limit = 100});
    CHECK(taken.size() == 100);
    for (const auto& one : taken)
        co_await queue.fail(one.claim, failure{.message = "boom"});
    a.store->let_go(op::change_all);
    co_await tasks.join();
    CHECK(retried == 1200);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 1100, .failed = 100});
}

QUEUE_CASE("promote_all lets all delayed jobs wait, with an event each, and wakes the workers")
{
    ward here{a};
    here.let_out({"late", "soon"});
    shift worker{queue, here.processor_of()};
    co_await queue.add("x", 1, {.id = "late", .delay = 2h});
    co_await queue.add("x", 1, {.id = "soon", .delay = 1h});
    co_await settle();
    recorder events{queue.events()};
    totals progress;
    const auto promoted = co_await queue.promote_all(noting(progress));
    CHECK(promoted == 2);
    CHECK(progress == totals{2});
    co_await settle();
    auto told = events.take();
    REQUIRE(told.size() > 2);
    told.resize(2);
    CHECK(told == lines{"waiting soon from delayed", "waiting late from delayed"});
    CHECK(here.started == lines{"late", "soon"});
    co_await worker.finish();
}

TEST_SUITE_END();
