#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: an executor of its own");

namespace {

using int_queue = queue<int, int>;
using int_job = job<int, int>;

/// Lets the loop wait for what the pool's threads are busy with: `settle()` does not.
class watch {
public:
    watch(const app& a, int_queue queue) : happened_{a.executor}
    {
        auto& from = queue.events();
        from.drained.connect([this](const drained_event&) { count(drained_); });
        from.log.connect([this](const log_event&) { count(logged_); });
    }

    asio::awaitable<void> drained() { return reach(drained_, 1); }
    /// The number of log lines written.
    asio::awaitable<void> logged(int lines) { return reach(logged_, lines); }

private:
    void count(int& what)
    {
        ++what;
        happened_.set();
    }
    asio::awaitable<void> reach(const int& what, int number)
    {
        while (what < number)
            co_await happened_.wait();
    }

    event happened_;
    int drained_ = 0;
    int logged_ = 0;
};

/// The pool's threads may still be about to let go of what they ran, and nobody but `join` waits for that.
asio::awaitable<void> finish(worker<int, int>& worker, running& run, asio::thread_pool& pool)
{
    co_await finish(worker, run);
    pool.join();
}

worker_options on(asio::thread_pool& pool, worker_options options = {})
{
    options.executor = pool.get_executor();
    return options;
}

}  // namespace

TEST_CASE("a processor runs on the executor's thread and uses its job there; the events come on the loop's thread")
{
    asio::thread_pool pool{1};
    run_app([&](app& a, queue<int, int> queue) -> asio::awaitable<void> {
        const auto loop = std::this_thread::get_id();
        std::set<std::thread::id> ran_on;
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            const auto note = [&] { ran_on.insert(std::this_thread::get_id()); };
            note();
            co_await job.log("begun");
            note();
            co_await job.update_progress(50);
            note();
            CHECK(job.progress() == 50);
            CHECK(job.state() == job_state::active);
            co_await job.refresh();
            note();
            CHECK(job.progress() == 50);
            CHECK(job.attempts_started() == 1);
            CHECK_FALSE(job.cancelled());
            co_return job.data() * 2;
        };
        recorder events{queue.events()};
        std::set<std::thread::id> told_on;
        const auto note = [&](const auto&) { told_on.insert(std::this_thread::get_id()); };
        queue.events().active.connect(note);
        queue.events().log.connect(note);
        queue.events().progress.connect(note);
        queue.events().completed.connect(note);
        watch until{a, queue};
        worker<int, int> worker{queue, act, on(pool)};
        worker.events().job_processed.connect(note);
        running run{worker};
        co_await queue.add("x", 21, {.id = "a"});
        co_await until.drained();
        co_await settle();
        CHECK(ran_on.size() == 1);
        CHECK_FALSE(ran_on.contains(loop));
        CHECK(told_on == std::set{loop});
        CHECK(
            events.take() ==
            lines{"added a x", "waiting a", "active a", "log a begun", "progress a 50", "completed a 42", "drained"}
        );
        co_await finish(worker, run, pool);
    });
}

TEST_CASE("as many processors run in parallel as the concurrency allows, each on a thread of the executor")
{
    asio::thread_pool pool{4};
    run_app([&](app& a, queue<int, int> queue) -> asio::awaitable<void> {
        std::latch all_here{4};
        std::mutex guard;
        std::set<std::thread::id> threads;
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            {
                const std::lock_guard lock{guard};
                threads.insert(std::this_thread::get_id());
            }
            all_here.arrive_and_wait();
            co_return job.data();
        };
        watch until{a, queue};
        std::vector<job_spec<int>> jobs(4, {.name = "x", .data = 1});
        co_await queue.add_bulk(std::move(jobs));
        worker<int, int> worker{queue, act, on(pool, {.concurrency = 4})};
        running run{worker};
        co_await until.drained();
        CHECK(threads.size() == 4);
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts == job_counts{.completed = 4});
        co_await finish(worker, run, pool);
    });
}

TEST_CASE("the lock of a processor that blocks its thread is renewed meanwhile")
{
    asio::thread_pool pool{1};
    run_app([&](app& a, queue<int, int> queue) -> asio::awaitable<void> {
        co_await queue.add("x", 1, {.id = "a"});
        std::latch go{1};
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            co_await job.log("begun");
            go.wait();
            co_return 1;
        };
        watch until{a, queue};
        worker<int, int> worker{queue, act, on(pool, {.lock_duration = 10s})};
        recorder own{worker.events()};
        running run{worker};
        co_await until.logged(1);
        co_await a.clock->pass(10min);
        const auto job = co_await stored(a, "q", "a");
        CHECK(job.state == job_state::active);
        CHECK(*job.locked_until > a.clock->wall_now());
        go.count_down();
        co_await until.drained();
        co_await settle();
        CHECK(own.take() == lines{"ready", "job_active a x 1", "job_processed a x"});
        co_await finish(worker, run, pool);
    });
}

TEST_CASE("F81: whatever is thrown on the executor fails the attempt, and the worker goes on")
{
    struct thrown {
        std::function<void()> act;
        failure expected;
    };
    const thrown cases[] = {
        {[] { throw std::runtime_error{"boom"}; }, {.message = "boom", .type = "std::runtime_error"}},
        {[] { throw error{errc::storage_full, "no space"}; }, {.message = "no space", .type = "cofila::error"}},
        {[] { throw 42; }, {.message = "exception of a type not derived from std::exception", .type = "unknown"}},
        {[] { throw unrecoverable_error{"no use"}; },
         {.message = "no use", .type = "cofila::unrecoverable_error", .unrecoverable = true}},
    };
    asio::thread_pool pool{2};
    run_app([&](app& a, queue<int, int> queue) -> asio::awaitable<void> {
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            cases[job.data()].act();
            co_return 1;
        };
        watch until{a, queue};
        std::vector<job_spec<int>> jobs;
        for (int i = 0; i < 4; ++i)
            jobs.push_back({.name = "x", .data = i, .options = {.id = std::to_string(i)}});
        co_await queue.add_bulk(std::move(jobs));
        worker<int, int> worker{queue, act, on(pool, {.concurrency = 2})};
        running run{worker};
        co_await until.drained();
        for (int i = 0; i < 4; ++i) {
            const auto job = co_await stored(a, "q", std::to_string(i));
            CHECK(job.state == job_state::failed);
            REQUIRE(job.attempts.size() == 1);
            CHECK(job.attempts[0].error == cases[i].expected);
        }
        co_await finish(worker, run, pool);
    });
}

TEST_CASE("a processor that has moved to another executor is still ended on the loop")
{
    asio::thread_pool pool{1};
    run_app([&](app& a, queue<int, int> queue) -> asio::awaitable<void> {
        const auto loop = std::this_thread::get_id();
        std::set<std::thread::id> ran_on;
        std::set<std::thread::id> asked_on;
        const auto act = [&](int_job) -> asio::awaitable<int> {
            co_await asio::post(asio::bind_executor(pool.get_executor(), asio::use_awaitable));
            ran_on.insert(std::this_thread::get_id());
            throw std::runtime_error{"boom"};
        };
        const auto strategy = [&](int, const failure&) -> std::optional<milliseconds> {
            asked_on.insert(std::this_thread::get_id());
            return milliseconds{0};
        };
        watch until{a, queue};
        worker<int, int> worker{queue, act, {.backoff_strategies = {{"at once", strategy}}}};
        running run{worker};
        co_await queue.add("x", 1, {.attempts = 3, .backoff = backoff::custom("at once")});
        co_await until.drained();
        CHECK(ran_on.size() == 1);
        CHECK_FALSE(ran_on.contains(loop));
        CHECK(asked_on == std::set{loop});
        co_await finish(worker, run, pool);
    });
}

TEST_CASE("what the store refuses throws on the executor's thread, as the error that it was")
{
    asio::thread_pool pool{1};
    run_app([&](app& a, queue<int, int> queue) -> asio::awaitable<void> {
        co_await queue.add("x", 1, {.id = "a"});
        std::map<std::string, thrown_error> errors;
        bool stayed = true;
        const auto act = [&](int_job job) -> asio::awaitable<int> {
            const auto here = std::this_thread::get_id();
            errors["progress"] = co_await error_of(job.update_progress(1));
            stayed = stayed && std::this_thread::get_id() == here;
            errors["log"] = co_await error_of(job.log("line"));
            errors["refresh"] = co_await error_of(job.refresh());
            stayed = stayed && std::this_thread::get_id() == here;
            errors["remove"] = co_await error_of(job.remove());
            errors["retry"] = co_await error_of(job.retry());
            errors["promote"] = co_await error_of(job.promote());
            errors["too large"] = co_await error_of(job.update_progress(boost::json::value(std::string(2 << 20, 'x'))));
            co_return 1;
        };
        for (const auto which : {op::progress, op::log, op::get})
            a.store->fail(which, 1, errc::storage_full);
        watch until{a, queue};
        worker<int, int> worker{queue, act, on(pool)};
        running run{worker};
        co_await until.drained();
        CHECK(stayed);
        CHECK(errors["progress"].code == errc::storage_full);
        CHECK(errors["log"].code == errc::storage_full);
        CHECK(errors["refresh"].code == errc::storage_full);
        CHECK(errors["remove"].code == errc::wrong_state);
        CHECK(errors["remove"].text == "job 'a' is active, but must be in any state but active");
        CHECK(errors["retry"].code == errc::wrong_state);
        CHECK(errors["promote"].code == errc::wrong_state);
        CHECK(errors["too large"].code == errc::payload_too_large);
        co_await finish(worker, run, pool);
    });
}

TEST_SUITE_END();
