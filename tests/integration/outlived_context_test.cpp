// Handles and calls that outlive the context of their engine, or of their caller.
#include <cofila/cofila.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <doctest/doctest.h>

#include <future>
#include <memory>
#include <string>
#include <vector>

#include "integration/threads.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/temp_folder.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("threads");

namespace {

/// All kinds of handles, which outlive the context of their engine.
struct handles {
    cofila::engine engine{};
    number_queue jobs{};
    number_job job{};
    event_stream stream{};
    std::unique_ptr<number_worker> worker{};
    std::unique_ptr<number_worker> idle{};
    std::unique_ptr<stop_on_signal> guard{};

    asio::awaitable<void> open(std::string path)
    {
        engine = co_await engine::open(on(path));
        jobs = engine.queue<int, int>("q");
        co_await jobs.set_event_log(100);
        job = co_await jobs.add("job", 1, {.delay = 1h});
        stream = jobs.stream();
        jobs.events().added.connect([](const auto&) {});
        worker = std::make_unique<number_worker>(jobs, act);
        idle = std::make_unique<number_worker>(jobs, act);
        guard = std::make_unique<stop_on_signal>(*worker);
    }

    /// Until it is cancelled, which it never is.
    static asio::awaitable<int> act(number_job job)
    {
        co_await job.log("begun");
        asio::steady_timer never{co_await asio::this_coro::executor, steady_time::max()};
        co_await never.async_wait(asio::use_awaitable);
        co_return 0;
    }
};

template <class T>
asio::awaitable<void> ignore(asio::awaitable<T> call)
{
    co_await std::move(call);
}

}  // namespace

TEST_CASE("an engine that outlives its context ends quietly, with all that belongs to it")
{
    for (const int hint : {1, 4})
        for (const std::string state : {"idle", "busy", "closed"}) {
            CAPTURE(hint);
            CAPTURE(state);
            const temp_folder folder;
            handles all;
            std::weak_ptr<detail::queue_core> seen;
            {
                asio::io_context context{hint};
                const auto spawn = [&](asio::awaitable<void> task) {
                    return asio::co_spawn(context, std::move(task), asio::use_future);
                };
                const auto finish = [&](asio::awaitable<void> task) {
                    auto ended = spawn(std::move(task));
                    while (ended.wait_for(0s) != std::future_status::ready)
                        context.run_one();
                    ended.get();
                };
                finish(all.open(folder.file("jobs.db")));
                seen = all.jobs.core();
                std::vector<std::future<void>> dropped;
                bool running = false;
                all.jobs.events().log.connect([&](const auto&) { running = true; });
                if (state == "busy") {
                    dropped.push_back(spawn(ignore(all.worker->run())));
                    dropped.push_back(spawn(ignore(all.job.wait_until_finished(1h))));
                    dropped.push_back(spawn(ignore(all.stream.next())));
                    dropped.push_back(spawn(ignore(all.jobs.add("job", 2))));
                    while (!running)
                        context.run_one();
                    // Not before, since it might be the one that gets the job.
                    dropped.push_back(spawn(ignore(all.jobs.fetch_next_and_lock({.wait = 1h}))));
                    finish(ignore(all.jobs.get_job_counts()));
                    dropped.push_back(spawn(ignore(all.jobs.add("job", 3))));
                    context.poll_one();
                }
                if (state == "closed")
                    finish(all.engine.close());
            }
            running_context other{1};
            const auto there = other.context.get_executor();
            const auto code = [&]<class T>(asio::awaitable<T> call) {
                return get(there, error_of(std::move(call))).code;
            };
            CHECK(code(all.jobs.add("job", 4)) == errc::closed);
            CHECK(code(all.job.refresh()) == errc::closed);
            CHECK(code(all.stream.next()) == errc::closed);
            CHECK(code(all.engine.close()) == errc::closed);
            CHECK(code(all.idle->run()) == errc::closed);
            CHECK(error_of([&] { all.jobs.start_maintenance(); }).code == errc::closed);
            CHECK(all.job.data() == 1);
            all.worker->pause();
            all.worker->concurrency(3);
            CHECK_FALSE(all.worker->cancel_job(all.job.id(), "why"));
            all.worker->stop();
            all = {};
            CHECK(seen.expired());
        }
}

TEST_CASE("a call that is under way when the engine's context goes is told so")
{
    const temp_folder folder;
    running_context other{1};
    auto home = std::make_unique<running_context>(1);
    auto engine = get(home->context.get_executor(), engine::open(on(folder.file("jobs.db"))));
    auto jobs = engine.queue<int, int>("q");
    const auto job = get(other.context.get_executor(), jobs.add("job", 1));
    auto waiting = asio::co_spawn(other.context, error_of(job.wait_until_finished(1h)), asio::use_future);
    get(other.context.get_executor(), jobs.get_job_counts());  // after which it waits
    home.reset();
    CHECK(waiting.get().code == errc::closed);
}

TEST_CASE("a call that is under way when the caller's context goes is dropped with it")
{
    const temp_folder folder;
    running_context home{1};
    const auto executor = home.context.get_executor();
    auto engine = get(executor, engine::open(on(folder.file("jobs.db"))));
    auto jobs = engine.queue<int, int>("q");
    const auto job = get(executor, jobs.add("job", 1));
    {
        running_context other{4};
        auto waiting = asio::co_spawn(other.context, job.wait_until_finished(1h), asio::use_future);
        get(other.context.get_executor(), jobs.get_job_counts());
    }
    get(executor, job.remove());  // completes the call that was dropped
    get(executor, engine.close());
}

TEST_SUITE_END();
