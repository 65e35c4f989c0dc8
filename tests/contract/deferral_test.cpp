#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "contract/contract.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("deferral");

CONTRACT_CASE("a job that is put off for a time is delayed by it, and no attempt is counted")
{
    auto job = co_await s.add_active("a");
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({s.putting_off(job, delay_for{.wait = 5s})}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == s.now() + 5s);
    auto expected = *job;
    expected.state = job_state::delayed;
    expected.run_at = s.now() + 5s;
    expected.deferrals = 1;
    expected.locked_until.reset();
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    check_counters(read, 1, 0, 0, 1);
    s.pass(4999ms);
    const auto early = co_await s.claim(1);
    CHECK(early.empty());
    s.pass(1ms);
    job = co_await s.claim_one();
    check_counters(*job, 2, 0, 0, 1);
}

CONTRACT_CASE("a job that is put off until a time runs at that time and not a millisecond before")
{
    auto job = co_await s.add_active("a");
    const auto at = s.now() + 90s;
    co_await s.settle(s.putting_off(job, delay_until{.at = at}));
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::delayed);
    CHECK(read.run_at == at);
    check_counters(read, 1, 0, 0, 1);
    s.pass(89'999ms);
    const auto early = co_await s.claim(1);
    CHECK(early.empty());
    s.pass(1ms);
    const auto due = co_await s.claim(1);
    CHECK(ids(due) == names{"a"});
}

CONTRACT_CASE("a job that is put off for no time, or until a time that has come, waits in its old place")
{
    const deferral all[] = {delay_for{}, delay_until{.at = s.now()}, delay_until{.at = s.now() - 1h}};
    for (std::size_t i = 0; i < std::size(all); ++i) {
        auto queue = s.in(std::to_string(i));
        co_await queue.add_each({"a", "b"});
        const auto job = co_await queue.claim_one();
        co_await queue.add("c");
        co_await queue.settle(queue.putting_off(job, all[i]));
        const auto read = co_await queue.get("a");
        CHECK(read.state == job_state::waiting);
        CHECK(read.run_at == std::nullopt);
        CHECK(read.position == job->position);
        check_counters(read, 1, 0, 0, 1);
        const auto claimed = co_await queue.claim(3);
        CHECK(ids(claimed) == names{"a", "b", "c"});
    }
}

CONTRACT_CASE("the longest deferral lasts to the end of time")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    co_await s.settle(s.putting_off(a, delay_for{.wait = milliseconds::max()}));
    co_await s.settle(s.putting_off(b, rate_limited{.wait = milliseconds::max()}));
    const auto read = co_await s.get("a");
    CHECK(read.run_at == time_point::max());
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == time_point::max());
}

CONTRACT_CASE("a job that is put off more often than it may fails, and no attempt is counted")
{
    for (const int most : {0, 1, 3}) {
        auto queue = s.in(std::to_string(most));
        auto job = co_await queue.add_active("a", {.attempts = 5, .max_deferrals = most});
        for (int i = 0; i < most; ++i) {
            co_await queue.settle(queue.putting_off(job, delay_for{}));
            job = co_await queue.claim_one();
            check_counters(*job, i + 2, 0, 0, i + 1);
        }
        queue.pass(1s);
        const auto answer = co_await queue.settle(queue.putting_off(job, rate_limited{.wait = 1h}));
        CHECK(answer == settled::accepted);
        const auto read = co_await queue.get("a");
        CHECK(read.state == job_state::failed);
        CHECK(read.failed_reason == "job put off more than allowable limit");
        CHECK(read.finished_at == queue.now());
        CHECK(read.attempts.empty());
        check_counters(read, most + 1, 0, 0, most);
        co_await queue.add("b");
        const auto claimed = co_await queue.claim(1);
        CHECK(ids(claimed) == names{"b"});  // what failed limits nobody
    }
}

CONTRACT_CASE("a job that failed by its deferrals is kept or removed as a failed job is")
{
    const auto job = co_await s.add_active("a", {.on_failed = retention::remove_at_once(), .max_deferrals = 0});
    co_await s.settle(s.putting_off(job, delay_for{}));
    const auto exists = co_await s.exists("a");
    CHECK_FALSE(exists);
}

CONTRACT_CASE("deferrals use up no attempts, and attempts no deferrals")
{
    auto job = co_await s.add_active("a", {.attempts = 2, .max_deferrals = 2});
    co_await s.settle(s.putting_off(job, delay_for{}));
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job));
    job = co_await s.claim_one();
    check_counters(*job, 3, 1, 0, 1);
    co_await s.settle(s.putting_off(job, delay_for{}));
    job = co_await s.claim_one();
    co_await s.rescue(job);
    job = co_await s.claim_one();
    check_counters(*job, 5, 1, 1, 2);
    co_await s.settle(s.completion(job));
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::completed);
    check_counters(read, 5, 2, 1, 2);
}

CONTRACT_CASE("a retry forgets the deferrals, unless it keeps the attempts")
{
    for (const bool keep : {false, true}) {
        auto queue = s.in(keep ? "keep" : "forget");
        auto job = co_await queue.add_active("a", {.max_deferrals = 1});
        co_await queue.settle(queue.putting_off(job, delay_for{}));
        job = co_await queue.claim_one();
        co_await queue.settle(queue.putting_off(job, delay_for{}));
        co_await queue.retry("a", {.keep_attempts = keep});
        const auto read = co_await queue.get("a");
        CHECK(read.state == job_state::waiting);
        check_counters(read, 2, 0, 0, keep ? 1 : 0);
    }
}

CONTRACT_CASE("a deferral by a claim that has lost the job changes nothing, and no queue rests")
{
    const auto job = co_await s.add_active("a");
    co_await s.rescue(job);
    const auto before = co_await s.get("a");
    const auto answer = co_await s.settle(s.putting_off(job, rate_limited{.wait = 1h}));
    CHECK(answer == settled::lost);
    const auto after = co_await s.get("a");
    CHECK(describe(after) == describe(before));
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{"a"});
}

CONTRACT_CASE("a deferral that is repeated counts once")
{
    const auto job = co_await s.add_active("a");
    const auto end = s.putting_off(job, delay_for{.wait = 1s});
    const auto first = co_await s.settle(end);
    CHECK(first == settled::accepted);
    s.pass(500ms);
    const auto second = co_await s.settle(end);
    CHECK(second == settled::already);
    const auto read = co_await s.get("a");
    CHECK(read.run_at == s.now() + 500ms);
    check_counters(read, 1, 0, 0, 1);
}

TEST_SUITE_END();
