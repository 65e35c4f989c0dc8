// Programs without coroutines.
#include <cofila/blocking.hpp>
#include <cofila/events.hpp>
#include <cofila/stop_on_signal.hpp>

#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/temp_folder.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("blocking");

namespace {

using blocking_job = blocking::job<int, int>;
using blocking_worker = blocking::worker<int, int>;

}  // namespace

TEST_CASE("a program without coroutines adds jobs, works on them, and waits for their results")
{
    const temp_folder folder;
    std::atomic<int> off_loop{0};
    std::atomic<std::thread::id> loop{};
    blocking::engine engine{{.database = folder.file("jobs.db")}};
    const auto jobs = engine.queue<int, int>("q");
    jobs.events().added.connect([&](const added_event&) { loop = std::this_thread::get_id(); });
    const auto act = [&](const blocking_job& job) {
        off_loop += std::this_thread::get_id() != loop.load() ? 1 : 0;
        job.log("line");
        job.update_progress(50);
        if (job.data() < 0)
            throw std::runtime_error{"less than nothing"};
        return job.data() * 2;
    };
    blocking_worker worker{jobs, act, {.concurrency = 4}};
    auto run = std::async(std::launch::async, [&] { return worker.run(); });
    const auto good = jobs.add("job", 21);
    const auto again = jobs.add("job", 22, {.id = good.id});
    const auto bad = jobs.add("job", -1);
    CHECK(again.duplicate);
    CHECK(jobs.add_bulk({{.name = "job", .data = 1}, {.name = "job", .data = 2}}).size() == 2);
    CHECK(jobs.wait_until_finished(good.id, 5min) == 42);
    const auto failed = error_of([&] { jobs.wait_until_finished(bad.id, 5min); });
    CHECK(failed.code == errc::job_failed);
    CHECK(failed.text == "job '" + bad.id.str() + "' has failed: less than nothing");
    auto job = jobs.get_job(good.id);
    REQUIRE(job);
    CHECK(job->wait_until_finished(5min) == 42);
    job->refresh();
    CHECK(job->state() == job_state::completed);
    CHECK(job->progress() == 50);
    CHECK_FALSE(jobs.get_job("nobody"));
    CHECK(error_of([&] { job->promote(); }).code == errc::wrong_state);
    job->remove();
    CHECK(error_of([&] { job->refresh(); }).code == errc::not_found);
    jobs.wait(jobs.inner().pause());
    CHECK(jobs.wait(jobs.inner().is_paused()));
    const auto report = worker.close();
    CHECK(report.abandoned.empty());
    run.get();
    CHECK(jobs.get_job_counts().failed == 1);
    CHECK(off_loop >= 2);
}

TEST_CASE("errors are those of the engine: where it is opened, in a call, in one that its close ends, and after that")
{
    const temp_folder folder;
    CHECK(error_of([] { blocking::engine engine{{}}; }).field == "database");
    CHECK(error_of([&] {
              blocking::engine engine{{.database = folder.file("none/jobs.db")}};
          }).code == errc::storage_readonly);
    blocking::engine engine{{.database = folder.file("jobs.db")}};
    const auto jobs = engine.queue<int, int>("q");
    CHECK(error_of([&] { jobs.add("", 1); }).field == "name");
    for (const int concurrency : {std::numeric_limits<int>::min(), 0, 10'001, std::numeric_limits<int>::max()})
        CHECK(error_of([&] {
                  blocking_worker worker{jobs, [](const blocking_job&) { return 1; }, {.concurrency = concurrency}};
              }).field == "concurrency");
    CHECK(error_of([&] { blocking_worker worker{jobs, nullptr}; }).field == "processor");
    const auto job = jobs.add("job", 1, {.delay = 1h});
    CHECK(error_of([&] { jobs.wait_until_finished(job.id, 0ms); }).code == errc::timed_out);
    std::promise<errc> on_loop;
    jobs.events().added.connect([&](const added_event&) {
        const auto thrown = error_of([&] { jobs.get_job_counts(); });
        on_loop.set_value(static_cast<errc>(thrown.code.value()));
    });
    jobs.add("job", 2, {.delay = 1h});
    CHECK(on_loop.get_future().get() == errc::wrong_state);
    std::promise<void> begun;
    const auto wait = [&]() -> boost::asio::awaitable<int> {
        begun.set_value();
        co_return co_await jobs.inner().wait_until_finished(job.id, 1h);
    };
    auto waiting = std::async(std::launch::async, [&] { jobs.wait(wait()); });
    begun.get_future().wait();
    engine.close();
    engine.close();
    CHECK(error_of([&] { waiting.get(); }).code == errc::closed);
    CHECK(error_of([&] { jobs.add("job", 1); }).code == errc::closed);
    CHECK(error_of([&] { engine.queue("q"); }).code == errc::closed);
}

TEST_CASE("many threads share one engine: none of their jobs is lost, and each is told its own result")
{
    constexpr int threads = 8;
    constexpr int each = 50;
    const temp_folder folder;
    blocking::engine engine{{.database = folder.file("jobs.db"), .durability = durability::normal}};
    const auto jobs = engine.queue<int, int>("q");
    blocking_worker worker{jobs, [](const blocking_job& job) { return job.data(); }, {.concurrency = 8}};
    stop_on_signal guard{worker};
    auto run = std::async(std::launch::async, [&] { return worker.run(); });
    std::atomic<int> right{0};
    {
        std::vector<std::jthread> crowd;
        for (int t = 0; t < threads; ++t)
            crowd.emplace_back([&, t] {
                for (int i = 0; i < each; ++i) {
                    const auto job = jobs.add("job", t * each + i);
                    right += jobs.wait_until_finished(job.id, 5min) == t * each + i ? 1 : 0;
                }
            });
    }
    CHECK(right == threads * each);
    CHECK(jobs.get_job_counts().completed == threads * each);
    engine.close();  // and with it the worker
    run.get();
}

TEST_CASE("the destructor of a worker waits for a processor that a close has abandoned, whose job waits again")
{
    const temp_folder folder;
    blocking::engine engine{{.database = folder.file("jobs.db")}};
    const auto jobs = engine.queue<int, int>("q");
    std::promise<void> begun;
    std::promise<void> go;
    std::atomic<bool> returned{false};
    {
        const auto act = [&](const blocking_job&) {
            begun.set_value();
            go.get_future().wait();
            returned = true;
            return 1;
        };
        blocking_worker worker{jobs, act};
        auto run = std::async(std::launch::async, [&] { return worker.run(); });
        jobs.add("job", 1);
        begun.get_future().wait();
        CHECK(worker.close(0ms).abandoned.size() == 1);
        run.get();
        CHECK_FALSE(returned);
        go.set_value();
    }
    CHECK(returned);
    CHECK(jobs.get_job_counts().waiting == 1);
}

TEST_SUITE_END();
