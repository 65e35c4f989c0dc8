// Engines, and programs of several threads.
#include <cofila/cofila.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
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
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/temp_folder.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

using number_queue = queue<int, int>;
using number_job = job<int, int>;
using number_worker = worker<int, int>;

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

asio::awaitable<int> echo(number_job job) { co_return job.data(); }

engine_options on(const std::string& path) { return {.database = path, .durability = durability::normal}; }

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

/// A context that a thread of its own runs while this lives.
class running_context {
public:
    explicit running_context(int hint) : context{hint} {}
    running_context(const running_context&) = delete;
    running_context& operator=(const running_context&) = delete;
    ~running_context()
    {
        context.stop();
        thread_.join();
    }

    asio::io_context context;

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_{context.get_executor()};
    std::thread thread_{[this] { context.run(); }};
};

/// For a call that fails, pass `error_of(call)`: an exception that passed through the future would be released by two
/// threads.
template <class T>
auto get(const asio::any_io_executor& where, asio::awaitable<T> call)
{
    return asio::co_spawn(where, std::move(call), asio::use_future).get();
}

std::vector<job_spec<int>> numbers(int count)
{
    std::vector<job_spec<int>> out;
    for (int i = 0; i < count; ++i)
        out.push_back({.name = "job", .data = i});
    return out;
}

}  // namespace

TEST_SUITE_BEGIN("threads");

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

TEST_CASE("a cancellation on another executor ends what waits on the engine's, and nothing is lost by it")
{
    const temp_folder folder;
    running_context home{1};
    running_context other{1};
    const auto there = other.context.get_executor();
    auto engine = get(home.context.get_executor(), engine::open(on(folder.file("jobs.db"))));
    auto jobs = engine.queue<int, int>("q");
    get(there, jobs.set_event_log(10));
    const auto job = get(there, jobs.add("job", 1, {.delay = 1h}));
    const auto stream = jobs.stream({.after = 1});
    number_worker worker{jobs, echo};

    asio::cancellation_signal signal;
    const auto cancelled = [&]<class T>(asio::awaitable<T> call) {
        auto ended =
            asio::co_spawn(there, std::move(call), asio::bind_cancellation_slot(signal.slot(), asio::use_future));
        const auto emitted =
            asio::post(there, asio::use_future([&] { signal.emit(asio::cancellation_type::terminal); }));
        auto out = ended.get();
        emitted.wait();  // the signal is used again
        return out;
    };
    const auto aborted = make_error_code(asio::error::operation_aborted);
    CHECK(cancelled(error_of(job.wait_until_finished(1h))).code == aborted);
    CHECK(cancelled(error_of(stream.next())).code == aborted);
    CHECK(cancelled(error_of(jobs.fetch_next_and_lock({.wait = 1h}))).code == aborted);
    CHECK(cancelled(worker.run()).finished.empty());
    get(there, job.promote());
    CHECK(get(there, stream.next()).event.sequence == 2);
    get(there, engine.close());
}

TEST_CASE("a caller that is cancelled while it claims gives the jobs back, and no attempt is counted")
{
    constexpr int times = 100;
    const temp_folder folder;
    running_context home{1};
    running_context other{1};
    const auto executor = home.context.get_executor();
    auto engine = get(executor, engine::open(on(folder.file("jobs.db"))));
    auto jobs = engine.queue<int, int>("q");
    get(executor, jobs.add_bulk(numbers(2 * times)));
    int taken = 0;  // by callers whose cancellation came too late
    for (const auto& where : {executor, other.context.get_executor()}) {
        int aborted = 0;
        for (int i = 0; i < times; ++i) {
            asio::cancellation_signal signal;
            auto ended = asio::co_spawn(
                where,
                error_of(jobs.fetch_next_and_lock({})),
                asio::bind_cancellation_slot(signal.slot(), asio::use_future)
            );
            const auto emitted =
                asio::post(where, asio::use_future([&] { signal.emit(asio::cancellation_type::terminal); }));
            const auto code = ended.get().code;
            emitted.wait();  // the call may end before that
            ++(code == make_error_code(asio::error::operation_aborted) ? aborted : taken);
            const auto counts = get(executor, jobs.get_job_counts());
            CHECK(counts.active == taken);
            CHECK(counts.waiting == 2 * times - taken);
        }
        CHECK(aborted > 0);
    }
    for (const auto& job : get(executor, jobs.get_jobs({.state = job_state::waiting}, {.limit = 2 * times})).items)
        CHECK(job.attempts_made() == 0);
    get(executor, engine.close());
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
