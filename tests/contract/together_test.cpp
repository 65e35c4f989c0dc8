// Operations that are under way at the same time.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "async/task_group.hpp"
#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("together");

CONTRACT_CASE("adds at the same time are all stored")
{
    task_group group{co_await asio::this_coro::executor};
    std::set<std::int64_t> keys;
    const auto add = [](subject q, std::string id, std::set<std::int64_t>& given) -> asio::awaitable<void> {
        const auto row = co_await q.add(std::move(id));
        given.insert(row.job->key);
    };
    for (int i = 0; i < 200; ++i)
        group.spawn(add(s, "job " + std::to_string(i), keys));
    co_await group.join();
    CHECK(keys.size() == 200);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 200});
}

CONTRACT_CASE("of adds of one id at the same time one stores it")
{
    task_group group{co_await asio::this_coro::executor};
    int stored = 0;
    const auto add = [](subject q, int& count) -> asio::awaitable<void> {
        const auto row = co_await q.add("a");
        count += row.duplicate ? 0 : 1;
    };
    for (int i = 0; i < 20; ++i)
        group.spawn(add(s, stored));
    co_await group.join();
    CHECK(stored == 1);
}

CONTRACT_CASE("of claims at the same time each gets other jobs")
{
    std::vector<job_draft> jobs;
    for (int i = 0; i < 100; ++i)
        jobs.push_back(s.make("job " + std::to_string(i)));
    co_await s->add(jobs);
    task_group group{co_await asio::this_coro::executor};
    std::vector<std::string> claimed;
    const auto claim = [](subject q, std::vector<std::string>& given) -> asio::awaitable<void> {
        const auto some = co_await q.claim(3);
        std::ranges::copy(ids(some), std::back_inserter(given));
    };
    for (int i = 0; i < 50; ++i)
        group.spawn(claim(s, claimed));
    co_await group.join();
    CHECK(claimed.size() == 100);
    CHECK(std::set<std::string>(claimed.begin(), claimed.end()).size() == 100);
}

CONTRACT_CASE("of settlements of one claim at the same time one is accepted")
{
    const auto job = co_await s.add_active("a");
    task_group group{co_await asio::this_coro::executor};
    std::vector<settled> answers;
    const auto end = [](subject q, settlement what, std::vector<settled>& given) -> asio::awaitable<void> {
        given.push_back(co_await q.settle(std::move(what)));
    };
    for (int i = 0; i < 10; ++i)
        group.spawn(end(s, i % 2 == 0 ? s.completion(job) : s.failing(job), answers));
    co_await group.join();
    CHECK(std::ranges::count(answers, settled::accepted) == 1);
    CHECK(std::ranges::count(answers, settled::already) == 9);
    const auto read = co_await s.get("a");
    check_counters(read, 1, 1, 0);
}

CONTRACT_CASE("what is read after an answer shows what was answered")
{
    task_group group{co_await asio::this_coro::executor};
    int seen = 0;
    const auto live = [](subject q, std::string id, int& count) -> asio::awaitable<void> {
        co_await q.add(id);
        const auto added = co_await q->get(q.queue(), id);
        co_await q->update_progress(job_ref{.queue = q.queue(), .id = id}, "1");
        const auto written = co_await q->get(q.queue(), id);
        co_await q.remove(id);
        const auto removed = co_await q->get(q.queue(), id);
        count += added && written && written->progress == "1" && !removed ? 1 : 0;
    };
    for (int i = 0; i < 50; ++i)
        group.spawn(live(s, "job " + std::to_string(i), seen));
    co_await group.join();
    CHECK(seen == 50);
}

CONTRACT_CASE("an operation that was started is finished and answered, also when its caller is cancelled")
{
    const auto executor = co_await asio::this_coro::executor;
    task_group group{executor};
    bool started = false;
    bool answered = false;
    const auto add = [](subject q, bool& begun, bool& done) -> asio::awaitable<void> {
        begun = true;
        co_await q.add("a");
        done = true;
    };
    group.spawn(add(s, started, answered));
    while (!started)
        co_await asio::post(executor, asio::use_awaitable);
    group.cancel();
    co_await group.join();
    CHECK(answered);
    const auto exists = co_await s.exists("a");
    CHECK(exists);
}

CONTRACT_CASE("close finishes what was started before it")
{
    task_group group{co_await asio::this_coro::executor};
    int stored = 0;
    const auto add = [](subject q, std::string id, int& count) -> asio::awaitable<void> {
        const auto row = co_await q.add(std::move(id));
        count += row.duplicate ? 0 : 1;
    };
    for (int i = 0; i < 50; ++i)
        group.spawn(add(s, "job " + std::to_string(i), stored));
    co_await settle();
    co_await s->close();
    co_await group.join();
    CHECK(stored == 50);
}

CONTRACT_CASE("jobs that were claimed together end together, in any order, and a lock between theirs is left alone")
{
    co_await s.add_each({"a", "b", "c", "d", "e"});
    const auto jobs = co_await s.claim(5);
    REQUIRE(jobs.size() == 5);
    const std::vector<settlement> three{
        s.completion(jobs[3], "3"), s.completion(jobs[1], "1"), s.completion(jobs[4], "4")
    };
    const auto outer = co_await s.settle_and_claim(three, 0);
    CHECK(outer.settlements == std::vector<settled>(3, settled::accepted));
    const auto left = co_await s.state("c");
    CHECK(left == job_state::active);
    const std::vector<settlement> two{s.completion(jobs[2], "2"), s.completion(jobs[0], "0")};
    const auto rest = co_await s.settle_and_claim(two, 0);
    CHECK(rest.settlements == std::vector<settled>(2, settled::accepted));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto read = co_await s.get(jobs[i]->id.str());
        CHECK(read.state == job_state::completed);
        CHECK(read.result == std::to_string(i));
        CHECK(read.token == jobs[i]->token);
    }
}

CONTRACT_CASE("of jobs that end together each is fenced by its own token, and must be active")
{
    co_await s.add_each({"a", "b", "c", "d"});
    const auto jobs = co_await s.claim(4);
    REQUIRE(jobs.size() == 4);
    auto stranger = s.completion(jobs[1]);
    stranger.job.token = jobs[2]->token;
    const std::vector<settlement> three{s.completion(jobs[0]), stranger, s.completion(jobs[2])};
    const auto some = co_await s.settle_and_claim(three, 0);
    CHECK(some.settlements == std::vector<settled>{settled::accepted, settled::lost, settled::accepted});
    const auto held = co_await s.state("b");
    CHECK(held == job_state::active);
    std::vector<settlement> each;
    for (const auto& job : jobs)
        each.push_back(s.completion(job));
    const auto all = co_await s.settle_and_claim(each, 0);
    CHECK(
        all.settlements ==
        std::vector<settled>{settled::already, settled::accepted, settled::already, settled::accepted}
    );
}

TEST_SUITE_END();
