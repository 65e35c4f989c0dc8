// Engines, and programs of several threads.
#include <cofila/cofila.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/signals2/connection.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <mutex>
#include <set>
#include <string>
#include <thread>
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

/// Where threads note what they saw.
template <class T>
class notes {
public:
    void add(T what)
    {
        const std::lock_guard lock{mutex_};
        all_.insert(std::move(what));
    }
    std::size_t size() const
    {
        const std::lock_guard lock{mutex_};
        return all_.size();
    }

private:
    mutable std::mutex mutex_{};
    std::set<T> all_{};
};

/// Runs the context on this many threads until `body` has ended and no work is left.
void run_on_threads(asio::io_context& context, int threads, asio::awaitable<void> body)
{
    auto ended = asio::co_spawn(context, std::move(body), asio::use_future);
    {
        std::vector<std::jthread> others;
        for (int i = 1; i < threads; ++i)
            others.emplace_back([&] { context.run(); });
        context.run();
    }
    ended.get();
}

}  // namespace

TEST_CASE("processors on a pool of eight threads add their follow-ups: none is lost, and each has an id of its own")
{
    constexpr int jobs = 6000;
    const temp_folder folder;
    asio::thread_pool pool{8};
    notes<std::string> ids;
    std::atomic<int> duplicates{0};
    asio::io_context context{1};
    run_on_threads(context, 1, [&]() -> asio::awaitable<void> {
        auto engine = co_await engine::open(on(folder.file("jobs.db")));
        auto first = engine.queue<int, int>("first");
        auto next = engine.queue<int, int>("next");
        const auto act = [&](number_job job) -> asio::awaitable<int> {
            const auto added = co_await next.add("follow-up", job.data());
            ids.add(added.id().str());
            duplicates += added.duplicate ? 1 : 0;
            co_return added.data();
        };
        co_await first.add_bulk(numbers(jobs));
        number_worker worker{first, act, {.concurrency = 64, .executor = pool.get_executor()}};
        first.events().drained.connect([&](const auto&) { worker.stop(); });
        co_await worker.run();
        const auto counts = co_await next.get_job_counts();
        CHECK(counts.waiting == jobs);
        co_await engine.close();
    }());
    CHECK(duplicates == 0);
    CHECK(ids.size() == jobs);
}

TEST_CASE("an engine on a context that four threads run: twenty producers, a worker of fifty slots, none is lost")
{
    constexpr int producers = 20;
    constexpr int each = 400;
    const temp_folder folder;
    notes<int> done;
    asio::io_context context{4};
    run_on_threads(context, 4, [&]() -> asio::awaitable<void> {
        auto engine = co_await engine::open(on(folder.file("jobs.db")));
        auto jobs = engine.queue<int, int>("q");
        const auto act = [&](number_job job) -> asio::awaitable<int> {
            co_await job.update_progress(50);
            done.add(job.data());
            co_return job.data();
        };
        number_worker worker{jobs, act, {.concurrency = 50, .executor = context.get_executor()}};
        int completed = 0;
        jobs.events().completed.connect([&](const auto&) {
            if (++completed == producers * each)
                worker.stop();
        });
        const auto produce = [&](int which) -> asio::awaitable<void> {
            number_job last;
            for (int i = 0; i < each; ++i)
                last = co_await jobs.add("job", which * each + i);
            const int result = co_await last.wait_until_finished(5min);
            if (result != last.data())
                throw std::runtime_error{"another job's result"};
        };
        std::vector<std::future<void>> under_way;
        for (int which = 0; which < producers; ++which)
            under_way.push_back(asio::co_spawn(context, produce(which), asio::use_future));
        co_await worker.run();
        const auto counts = co_await jobs.get_job_counts();
        CHECK(counts.completed == producers * each);
        for (auto& one : under_way)
            one.get();
        co_await engine.close();
    }());
    CHECK(done.size() == producers * each);
}

TEST_CASE("what is not awaited may be called on any thread")
{
    const temp_folder folder;
    running_context context{4};
    const auto executor = context.context.get_executor();
    auto engine = get(executor, engine::open(on(folder.file("jobs.db"))));
    auto jobs = engine.queue<int, int>("q");
    std::promise<void> begun;
    const auto wait_for_end = [&](number_job job) -> asio::awaitable<int> {
        if (job.data() > 0)
            co_return job.data();
        begun.set_value();
        asio::steady_timer never{co_await asio::this_coro::executor, steady_time::max()};
        co_await never.async_wait(asio::use_awaitable);
        co_return 0;
    };
    number_worker worker{jobs, wait_for_end};
    {
        std::vector<std::jthread> crowd;
        for (int i = 0; i < 8; ++i)
            crowd.emplace_back([&] {
                for (int times = 0; times < 100; ++times) {
                    const boost::signals2::scoped_connection heard =
                        jobs.events().completed.connect([](const auto&) {});
                    const boost::signals2::scoped_connection also = worker.events().ready.connect([](const auto&) {});
                    worker.pause();
                    worker.concurrency(1 + times % 5);
                    worker.resume();
                    CHECK_FALSE(worker.cancel_job("nobody", "why"));
                    jobs.start_maintenance();
                    static_cast<void>(jobs.stream());
                    static_cast<void>(engine.queue("another " + std::to_string(times)).name());
                    const number_worker idle{jobs, echo};
                    get(executor, jobs.add("job", times + 1));
                }
            });
    }
    auto run = asio::co_spawn(executor, worker.run(), asio::use_future);
    const auto blocked = get(executor, jobs.add("job", 0, {.priority = 0, .lifo = true}));
    worker.concurrency(1);
    begun.get_future().wait();
    CHECK(worker.cancel_job(blocked.id(), "no use"));
    const auto end = get(executor, error_of(blocked.wait_until_finished(5min)));
    CHECK(end.text == "job '" + blocked.id().str() + "' has failed: cancelled: no use");
    CHECK_FALSE(worker.cancel_job(blocked.id(), "again"));
    CHECK(error_of([&] { worker.concurrency(0); }).code == errc::invalid_argument);
    worker.stop();
    run.get();
    get(executor, engine.close());
    CHECK(error_of([&] { engine.queue("q"); }).code == errc::closed);
}

TEST_CASE("a coroutine of the engine's executor that strayed to another thread finds its way back")
{
    const temp_folder folder;
    asio::thread_pool pool{1};
    asio::io_context context{1};
    run_on_threads(context, 1, [&]() -> asio::awaitable<void> {
        auto engine = co_await engine::open(on(folder.file("jobs.db")));
        auto jobs = engine.queue<int, int>("q");
        const auto home = std::this_thread::get_id();
        co_await asio::post(asio::bind_executor(pool, asio::use_awaitable));
        CHECK(std::this_thread::get_id() != home);
        co_await jobs.add("job", 1);
        CHECK(std::this_thread::get_id() == home);
        co_await engine.close();
    }());
}

TEST_SUITE_END();
