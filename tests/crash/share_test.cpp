#include <boost/asio/co_spawn.hpp>

#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "async/event.hpp"
#include "async/task_group.hpp"
#include "campaign.hpp"
#include "site.hpp"
#include "support/job_rows.hpp"

namespace asio = boost::asio;
using namespace cofila;
using std::chrono::steady_clock;
using test::child_process;
using test::site;
using test::text_queue;
using text_job = job<std::string, std::string>;
using text_worker = worker<std::string, std::string>;

TEST_SUITE_BEGIN("share");

namespace {

/// What a crowd of producers and its worker, in a process of their own, have said at the end.
struct crowd_report {
    int ran = 0;
    int completed = 0;
    int errors = 0;
    int code = 0;
};

crowd_report end_of(child_process& crowd)
{
    crowd_report out;
    crowd.send(SIGTERM);
    std::istringstream rest{crowd.read_rest()};
    for (std::string word; rest >> word;) {
        if (word == "ran")
            rest >> out.ran;
        if (word == "completed")
            rest >> out.completed;
        out.errors += word == "error";
    }
    out.code = crowd.wait();
    return out;
}

asio::awaitable<void> run_worker(std::shared_ptr<text_worker> worker) { co_await worker->run(); }

}  // namespace

TEST_CASE("F22: producers and workers of several processes on one file complete each job exactly once")
{
    const int processes = test::amount("COFILA_PROCESSES", 2, 8);
    const int producers = test::amount("COFILA_PRODUCERS", 20, 100);
    const int each = test::amount("COFILA_SHARED_JOBS", 20'000, 1'000'000) / processes / producers * producers;
    const int jobs = each * processes;
    const site here;
    here.with_queue([](text_queue) -> asio::awaitable<void> { co_return; });
    const auto start = steady_clock::now();
    std::vector<std::unique_ptr<child_process>> crowds;
    for (int number = 0; number < processes; ++number)
        crowds.push_back(std::make_unique<child_process>(
            here.as("crowd", {"c" + std::to_string(number), std::to_string(producers), std::to_string(each)})
        ));
    here.wait_for("SELECT count(*) FROM cofila_finished WHERE queue = 1 AND state = 4", jobs);
    const std::chrono::duration<double> took = steady_clock::now() - start;
    crowd_report all;
    for (const auto& crowd : crowds) {
        const auto report = end_of(*crowd);
        CHECK(report.code == 0);
        all.ran += report.ran;
        all.completed += report.completed;
        all.errors += report.errors;
    }
    const auto once = here.ask(
        "SELECT count(*) FROM cofila_finished WHERE state = 4 AND attempts_started = 1 AND attempts_made = 1 AND "
        "stalled_count = 0"
    );
    test::figure(
        std::to_string(processes) + " processes x " + std::to_string(producers) +
        " producers: " + std::to_string(jobs) + " jobs, " + std::to_string(once) + " completed once, run " +
        std::to_string(all.ran) + " times, " + std::to_string(static_cast<int>(jobs / took.count())) + " jobs/s"
    );
    CHECK(once == jobs);
    CHECK(all.ran == jobs);
    CHECK(all.completed == jobs);
    CHECK(all.errors == 0);
    CHECK(here.ask("SELECT count(*) FROM cofila_jobs") == jobs);
    CHECK(here.ask(test::jobs_out_of_place()) == 0);
    CHECK(here.ask_text("PRAGMA integrity_check") == "ok");
}

TEST_CASE("F21: two engines on one file in one process share the work and do not disturb each other")
{
    constexpr std::size_t jobs = 400;
    const site here;
    std::multiset<std::string> ran[2];
    test::run_coro([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto first = co_await engine::open({.database = here.database});
        auto second = co_await engine::open({.database = here.database});
        event ended{executor};
        task_group workers{executor};
        std::vector<std::shared_ptr<text_worker>> both;
        std::vector<text_queue> queues;
        for (auto* const engine : {&first, &second}) {
            auto& mine = ran[both.size()];
            const auto queue = engine->queue<std::string, std::string>("texts");
            both.push_back(std::make_shared<text_worker>(
                queue,
                [&mine, &ended](text_job job) -> asio::awaitable<std::string> {
                    mine.insert(job.id().str());
                    ended.set();
                    co_return "done";
                },
                worker_options{.concurrency = 4}
            ));
            queues.push_back(queue);
        }
        for (std::size_t number = 0; number < jobs; ++number)
            co_await queues[number % 2].add("text", "text", {.id = job_id{"job-" + std::to_string(number)}});
        for (const auto& worker : both)
            workers.spawn(run_worker(worker), worker);
        while (ran[0].size() + ran[1].size() < jobs)
            co_await ended.wait();
        co_await first.close();
        co_await second.close();
        co_await workers.join();
    });
    std::set<std::string> ids{ran[0].begin(), ran[0].end()};
    ids.insert(ran[1].begin(), ran[1].end());
    CHECK(ids.size() == jobs);
    CHECK(ran[0].size() + ran[1].size() == jobs);
    CHECK(!ran[0].empty());
    CHECK(!ran[1].empty());
    CHECK(here.ask("SELECT count(*) FROM cofila_finished WHERE state = 4 AND attempts_started = 1") == jobs);
}

TEST_CASE("F18: after fork() the child's calls are refused, nothing hangs, and the parent goes on")
{
    const site here;
    child_process forking{here.as("fork")};
    CHECK(forking.read_rest() == "refused\nclosed\nrefused\nchild 0\nadded\n");
    CHECK(forking.wait() == 0);
    CHECK(here.ask("SELECT count(*) FROM cofila_jobs") == 2);
}

TEST_CASE("F19: a program that is started while an engine is open inherits none of its descriptors")
{
    const site here;
    const auto descriptors = [] { return child_process{{"/bin/ls", "/proc/self/fd"}}.read_rest(); };
    const auto before = descriptors();
    std::string meanwhile;
    here.with_queue({}, [&](text_queue queue) -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        event ended{executor};
        task_group workers{executor};
        const auto worker = std::make_shared<text_worker>(queue, [&](text_job) -> asio::awaitable<std::string> {
            meanwhile = descriptors();
            ended.set();
            co_return "done";
        });
        const stop_on_signal guard{*worker};
        workers.spawn(run_worker(worker), worker);
        co_await queue.add("text", "text");
        co_await ended.wait();
        co_await worker->close();
        co_await workers.join();
    });
    CHECK(!before.empty());
    CHECK(meanwhile == before);
}

TEST_SUITE_END();
