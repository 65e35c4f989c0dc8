#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <latch>
#include <string>
#include <thread>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: closing on an executor of its own");

namespace {

using int_job = job<int, int>;

/// A worker on a pool of one thread, and a job that tells when it runs there.
struct on_pool {
    on_pool(app& a, asio::thread_pool& pool, processor<int, int> act, worker_options options = {})
        : queue{a.engine.queue<int, int>("q")},
          begun{a.executor},
          worker{queue, announced(std::move(act)), with(std::move(options), pool)},
          own{worker.events()},
          run{worker},
          threads{pool}
    {
        queue.events().log.connect([this](const log_event&) { begun.set(); });
    }

    static worker_options with(worker_options options, asio::thread_pool& pool)
    {
        options.executor = pool.get_executor();
        return options;
    }
    static processor<int, int> announced(processor<int, int> act)
    {
        return [act](int_job job) -> asio::awaitable<int> {
            co_await job.log("begun");
            co_return co_await act(job);
        };
    }
    /// The end of `run()`. The pool's threads may still be about to let go of what they ran: that is waited for too.
    asio::awaitable<close_report> join()
    {
        auto report = co_await run.join();
        threads.join();
        co_return report;
    }
    asio::awaitable<void> begin()
    {
        co_await queue.add("x", 1, {.id = "a"});
        co_await begun.wait();
        co_await settle();
    }

    cofila::queue<int, int> queue;
    event begun;
    cofila::worker<int, int> worker;
    recorder own;
    running run;
    asio::thread_pool& threads;
};

/// Suspended until it is cancelled, on any executor.
asio::awaitable<void> wait_for_cancellation()
{
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer never{executor, steady_time::max()};
    co_await never.async_wait(asio::use_awaitable);
}

}  // namespace

TEST_CASE("F10: a close waits for the processors on the executor, as long as the grace lasts")
{
    asio::thread_pool pool{1};
    std::latch go{1};
    run_app([&](app& a) -> asio::awaitable<void> {
        const auto act = [&](int_job) -> asio::awaitable<int> {
            go.wait();
            co_return 42;
        };
        on_pool here{a, pool, act, {.grace = 30s}};
        co_await here.begin();
        here.worker.stop();
        co_await a.clock->pass(29'999ms);
        CHECK_FALSE(here.run.ended());
        go.count_down();
        const auto report = co_await here.join();
        CHECK(report.finished == ids({"a"}));
        CHECK(report.cancelled.empty());
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::completed);
        CHECK(job.result == "42");
    });
}

TEST_CASE("F12: after the grace a processor on the executor sees operation_aborted, and its job waits again")
{
    asio::thread_pool pool{1};
    run_app([&](app& a) -> asio::awaitable<void> {
        boost::system::error_code seen;
        bool asked_to_end = false;
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            const auto e = co_await error_of(wait_for_cancellation());
            seen = e.code;
            asked_to_end = job.cancelled();
            throw boost::system::system_error{e.code};
        };
        on_pool here{a, pool, act, {.grace = 30s}};
        co_await here.begin();
        here.worker.stop();
        co_await a.clock->pass(29'999ms);
        CHECK_FALSE(here.run.ended());
        a.clock->advance(1ms);
        const auto report = co_await here.join();
        CHECK(seen == asio::error::operation_aborted);
        CHECK(asked_to_end);
        CHECK(report.cancelled == ids({"a"}));
        CHECK(a.elapsed() == 30s);
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
        CHECK(job.attempts_made == 0);
    });
}

TEST_CASE("a processor that computes sees in cancelled() that it shall end, and its result is accepted")
{
    asio::thread_pool pool{1};
    run_app([&](app& a) -> asio::awaitable<void> {
        const auto act = [](int_job job) -> asio::awaitable<int> {
            while (!job.cancelled())
                std::this_thread::yield();
            co_return 42;
        };
        on_pool here{a, pool, act};
        co_await here.begin();
        const auto report = co_await here.worker.close(0ms);
        CHECK(report.finished == ids({"a"}));
        co_await here.join();
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.result == "42");
    });
}

TEST_CASE("F13: a processor that blocks its thread past the end is abandoned, and what it returns is dropped")
{
    asio::thread_pool pool{1};
    std::latch go{1};
    run_app([&](app& a) -> asio::awaitable<void> {
        const auto act = [&](int_job) -> asio::awaitable<int> {
            go.wait();
            co_return 42;
        };
        on_pool here{a, pool, act, {.grace = 30s}};
        co_await here.begin();
        here.worker.stop();
        co_await a.clock->pass(31s);
        const auto report = co_await here.run.join();
        CHECK(report.released == ids({"a"}));
        CHECK(report.abandoned == ids({"a"}));
        auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
        go.count_down();
        pool.join();  // it has returned
        co_await settle();
        job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
        CHECK(job.result.empty());
    });
}

TEST_CASE("F14: a processor on the executor whose lock is another's is cancelled, and can write no more")
{
    asio::thread_pool pool{1};
    run_app([&](app& a) -> asio::awaitable<void> {
        event ended{a.executor};
        thrown_error progress;
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            const auto aborted = co_await error_of(wait_for_cancellation());
            CHECK(aborted.code == asio::error::operation_aborted);
            CHECK(job.cancelled());
            co_await asio::this_coro::reset_cancellation_state();
            progress = co_await error_of(job.update_progress(1));
            co_return 42;
        };
        on_pool here{a, pool, act, {.lock_duration = 10s}};
        co_await here.begin();
        co_await rescue(a, "q", "a");
        here.worker.pause();  // so that it does not take the job again
        co_await a.clock->pass(5s);
        const auto report = co_await here.worker.close();
        co_await here.join();
        CHECK(progress.code == errc::lock_lost);
        CHECK(report.finished.empty());
        co_await settle();
        CHECK(here.own.take() == lines{"ready", "job_active a x 1", "lock_lost a", "closing", "closed"});
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::waiting);
    });
}

TEST_SUITE_END();
