// What a worker makes of a processor that has completed its job in a transaction of the application's. The store is the
// one in memory, and the test does to it what such a transaction does; tests/integration has real ones.
#include <string>
#include <vector>

#include "app.hpp"
#include "domain/transitions.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: transactions of the application");

namespace {

using int_job = job<int, int>;

/// As `complete_in`, before the commit.
void promise(const int_job& job) { job.handle()->completed_within = true; }

/// The commit.
asio::awaitable<void> commit(app& a, int_job job, std::string result)
{
    const auto& held = *job.handle();
    settle_and_claim_request request{.now = a.clock->wall_now()};
    request.settlements.push_back(
        {.job = {.queue = held.job->queue, .id = job.id(), .key = held.job->key, .token = held.token},
         .change = domain::after_transactional_success(*held.job, std::move(result), request.now)}
    );
    const auto answer = co_await a.store->inner().settle_and_claim(std::move(request));
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
}

/// A queue, a worker on it, and what both tell.
struct scene {
    scene(app& a, processor<int, int> act, worker_options options = {})
        : queue{a.engine.queue<int, int>("q")},
          worker{queue, std::move(act), std::move(options)}
    {
        told.listen(queue.events());
        own.listen(worker.events());
    }

    cofila::queue<int, int> queue;
    cofila::worker<int, int> worker;
    recorder told{};
    recorder own{};
};

asio::awaitable<void> run_until_settled(scene& s)
{
    running run{s.worker};
    co_await settle();
    co_await s.worker.close();
    co_await run.join();
}

}  // namespace

APP_CASE("committed: the job is completed with the result of the transaction, whatever the processor returns")
{
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                promise(job);
                co_await commit(a, job, "42");
                co_return 1;
            }};
    co_await s.queue.add("x", 1, {.id = "a"});
    co_await run_until_settled(s);
    CHECK(s.told.take() == lines{"added a x", "waiting a", "active a", "completed a 42", "drained"});
    CHECK(s.own.take() == lines{"ready", "job_active a x 1", "job_processed a x", "closing", "closed"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.result == "42");
    CHECK(job.attempts_made == 1);
    CHECK(job.attempts.empty());
}

APP_CASE("committed: an exception that comes after it changes nothing")
{
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                promise(job);
                co_await commit(a, job, "42");
                throw std::runtime_error{"too late"};
            }};
    co_await s.queue.add("x", 1, {.id = "a", .attempts = 3});
    co_await run_until_settled(s);
    CHECK(s.told.take() == lines{"added a x", "waiting a", "active a", "completed a 42", "drained"});
}

APP_CASE("rolled back: the attempt fails, whatever the processor returns, and the next one may succeed")
{
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                promise(job);
                if (job.attempts_started() == 2)
                    co_await commit(a, job, "42");
                co_return 1;
            }};
    co_await s.queue.add("x", 1, {.id = "a", .attempts = 2});
    co_await run_until_settled(s);
    CHECK(
        s.own.take() ==
        lines{
            "ready",
            "job_active a x 1",
            "job_errored a x transaction not committed",
            "job_active a x 2",
            "job_processed a x",
            "closing",
            "closed"
        }
    );
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::completed);
    CHECK(job.result == "42");
    CHECK(job.attempts_made == 2);
    REQUIRE(job.attempts.size() == 1);
    CHECK(job.attempts[0].error.message == "transaction not committed");
    CHECK(job.attempts[0].error.type == "cofila::transaction_not_committed");
}

APP_CASE("rolled back and thrown: the attempt fails with what was thrown")
{
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                promise(job);
                throw std::runtime_error{"no money"};
                co_return 1;
            }};
    co_await s.queue.add("x", 1, {.id = "a"});
    co_await run_until_settled(s);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.failed_reason == "no money");
}

APP_CASE("committed: a processor that goes on past its lock is not cancelled as one that has lost it")
{
    door out{a.executor};
    bool told = false;
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                promise(job);
                co_await commit(a, job, "42");
                co_await out.pass();
                told = job.cancelled();
                co_return 1;
            }};
    co_await s.queue.add("x", 1, {.id = "a"});
    running run{s.worker};
    co_await settle();
    co_await a.clock->pass(10min);
    CHECK(out.waiting() == 1);
    CHECK(a.store->calls(op::extend) == 1);
    s.told.take();
    out.open();
    co_await settle();
    CHECK_FALSE(told);
    CHECK(s.told.take() == lines{"completed a 42", "drained"});
    CHECK(s.own.take() == lines{"ready", "job_active a x 1", "job_processed a x"});
    co_await finish(s.worker, run);
}

APP_CASE("committed, and removed before the processor returns: it was completed all the same")
{
    door out{a.executor};
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                promise(job);
                co_await commit(a, job, "42");
                co_await out.pass();
                co_return 1;
            }};
    co_await s.queue.add("x", 1, {.id = "a"});
    running run{s.worker};
    co_await settle();
    co_await a.clock->pass(1min);
    const bool removed = co_await s.queue.remove("a");
    CHECK(removed);
    s.told.take();
    out.open();
    co_await settle();
    CHECK(s.told.take() == lines{"removed a", "completed a 42"});
    CHECK(s.own.take() == lines{"ready", "job_active a x 1", "job_processed a x"});
    co_await finish(s.worker, run);
}

APP_CASE("committed: a job that is removed at once is completed, and then removed")
{
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                promise(job);
                co_await commit(a, job, "42");
                co_return 1;
            }};
    co_await s.queue.add("x", 1, {.id = "a", .on_completed = retention::remove_at_once()});
    co_await run_until_settled(s);
    CHECK(s.told.take() == lines{"added a x", "waiting a", "active a", "completed a 42", "removed a", "drained"});
    const auto job = co_await a.store->inner().get("q", "a");
    CHECK_FALSE(job);
}

APP_CASE("rolled back, and the lock was lost: nothing is reported of it")
{
    door out{a.executor};
    scene s{a, [&](int_job job) -> asio::awaitable<int> {
                if (job.attempts_started() == 2)
                    co_return 2;
                promise(job);
                co_await rescue(a, "q", "a");
                co_return 1;
            }};
    co_await s.queue.add("x", 1, {.id = "a"});
    co_await run_until_settled(s);
    const auto own = s.own.take();
    CHECK(std::ranges::count(own, "lock_lost a") == 1);
    CHECK(std::ranges::count(own, "job_processed a x") == 1);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.result == "2");
    CHECK(job.stalled_count == 1);
    CHECK(job.attempts.empty());
}

APP_CASE("committed before a time-out or a cancellation: the commit decides")
{
    door out{a.executor};
    scene s{
        a,
        [&](int_job job) -> asio::awaitable<int> {
            promise(job);
            co_await commit(a, job, "42");
            co_await out.pass();
            co_return 1;
        },
        {.concurrency = 2}
    };
    co_await s.queue.add("x", 1, {.id = "late", .attempts = 3, .timeout = 5s});
    co_await s.queue.add("x", 1, {.id = "unwanted"});
    running run{s.worker};
    co_await settle();
    CHECK(s.worker.cancel_job("unwanted", "no use"));
    co_await a.clock->pass(6s);
    for (const auto* id : {"late", "unwanted"}) {
        const auto job = co_await stored(a, "q", id);
        CHECK(job.state == job_state::completed);
        CHECK(job.result == "42");
    }
    const auto told = s.told.take();
    CHECK(std::ranges::count(told, "completed late 42") == 1);
    CHECK(std::ranges::count(told, "completed unwanted 42") == 1);
    co_await finish(s.worker, run);
}

TEST_SUITE_END();
