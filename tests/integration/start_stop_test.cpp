// F91: engines and workers that start and stop, hundreds of times on one file, one after the other and side by side.
#include <cofila/cofila.hpp>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "async/task_group.hpp"
#include "integration/sqlite_support.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

namespace {

using text_job = job<std::string, std::string>;
using text_worker = worker<std::string, std::string>;

/// What the process holds at the moment.
struct holdings {
    std::ptrdiff_t descriptors = 0;
    std::ptrdiff_t threads = 0;

    friend bool operator==(const holdings&, const holdings&) = default;
    friend std::ostream& operator<<(std::ostream& out, const holdings& h)
    {
        return out << h.descriptors << " descriptors, " << h.threads << " threads";
    }
};

holdings held_now()
{
    const auto entries = [](const char* folder) { return std::distance(fs::directory_iterator{folder}, {}); };
    return {.descriptors = entries("/proc/self/fd"), .threads = entries("/proc/self/task")};
}

asio::awaitable<void> run(std::shared_ptr<text_worker> worker) { co_await worker->run(); }

asio::awaitable<std::string> work(text_job) { co_return "done"; }

struct scene {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    std::atomic<int> added = 0;
    std::atomic<std::ptrdiff_t> most_descriptors = 0;
    holdings before = held_now();

    /// An engine and its worker, which end in one of five ways.
    asio::awaitable<void> live(int number)
    {
        const int end = number % 5;
        engine_options options{.database = path, .durability = durability::normal};
        if (number % 2 == 0)
            options.maintenance = std::nullopt;
        auto engine = co_await engine::open(std::move(options));
        most_descriptors = std::max(most_descriptors.load(), held_now().descriptors);
        // What an engine holds that is not closed is lost for the length of a lock: so nothing, where it is not.
        auto jobs = engine.queue<std::string, std::string>(end == 4 ? "nothing in it" : "q");
        task_group tasks{co_await asio::this_coro::executor};
        const auto worker = std::make_shared<text_worker>(jobs, work, worker_options{.concurrency = 2});
        if (end > 0)
            tasks.spawn(run(worker));
        if (end > 1 && end < 4) {
            co_await jobs.add("job", "text");
            ++added;
        }
        if (end < 3)
            co_await worker->close();
        if (end < 4)
            co_await engine.close();
        else
            engine = {};
        co_await tasks.join();
    }

    asio::awaitable<void> live_often(int times)
    {
        for (int number = 0; number < times; ++number)
            co_await live(number);
    }

    /// A worker that does what is left, and nothing may be left after it.
    void check_end()
    {
        CHECK(most_descriptors > before.descriptors);
        CHECK(held_now() == before);
        run_coro([&]() -> asio::awaitable<void> {
            auto engine = co_await engine::open({.database = path});
            auto jobs = engine.queue<std::string, std::string>("q");
            text_worker last{jobs, work};
            const boost::signals2::scoped_connection end =
                jobs.events().drained.connect([&](const auto&) { last.stop(); });
            co_await jobs.add("job", "text");
            co_await last.run();
            co_await engine.close();
        });
        // A job that a worker has claimed and not begun at its close goes back: that is no attempt, and no stall.
        CHECK(
            ask(path, "SELECT count(*) FROM cofila_finished WHERE state = 4 AND attempts_made = 1 AND stalled_count = 0"
            ) == added + 1
        );
        CHECK(ask(path, "SELECT count(*) FROM cofila_jobs") == added + 1);
        CHECK(ask(path, "SELECT count(*) FROM cofila_workers") == 0);
        CHECK(held_now() == before);
    }
};

}  // namespace

TEST_SUITE_BEGIN("start and stop");

TEST_CASE_FIXTURE(scene, "F91: a hundred engines one after the other leave no descriptor, no thread and no job behind")
{
    run_coro([&] { return live_often(100); });
    check_end();
}

TEST_CASE_FIXTURE(scene, "F91: nor do a hundred on one loop, five at a time")
{
    run_coro([&]() -> asio::awaitable<void> {
        task_group lanes{co_await asio::this_coro::executor};
        for (int lane = 0; lane < 5; ++lane)
            lanes.spawn(live_often(20));
        co_await lanes.join();
    });
    check_end();
}

TEST_CASE_FIXTURE(scene, "F91: nor do a hundred in five threads")
{
    {
        std::vector<std::jthread> threads;
        for (int thread = 0; thread < 5; ++thread)
            threads.emplace_back([&] { run_coro([&] { return live_often(20); }); });
    }
    check_end();
}

TEST_SUITE_END();
