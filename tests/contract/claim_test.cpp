#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("claim");

CONTRACT_CASE("jobs of one priority are claimed in the order of their adds")
{
    co_await s.add_each({"c", "a", "b"});
    const auto claimed = co_await s.claim(3);
    CHECK(ids(claimed) == names{"c", "a", "b"});
}

CONTRACT_CASE("the smaller priority is claimed first, 0 before all")
{
    co_await s.add("last", {.priority = 2'097'151});
    co_await s.add("third", {.priority = 10});
    co_await s.add("second", {.priority = 9});
    co_await s.add("first");
    const auto claimed = co_await s.claim(4);
    CHECK(ids(claimed) == names{"first", "second", "third", "last"});
}

CONTRACT_CASE("a lifo job goes before all waiting ones of its priority, the newest first")
{
    co_await s.add("a");
    co_await s.add("b", {.lifo = true});
    co_await s.add("c");
    co_await s.add("d", {.lifo = true});
    co_await s.add("e", {.priority = 1, .lifo = true});
    const auto claimed = co_await s.claim(5);
    CHECK(ids(claimed) == names{"d", "b", "a", "c", "e"});
}

CONTRACT_CASE("a lifo job goes first also where everything older is gone")
{
    co_await s.add_each({"a", "b"});
    (void)co_await s.claim(2);
    co_await s.add("c");
    co_await s.add("d", {.lifo = true});
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"d", "c"});
}

CONTRACT_CASE("a mixture of priorities and lifo comes out in the order that the rules give")
{
    struct expected_job {
        int priority;
        std::int64_t order;
        std::string id;
    };
    std::vector<expected_job> expected;
    std::uint32_t draw = 1;
    for (int i = 0; i < 300; ++i) {
        draw = draw * 1'664'525 + 1'013'904'223;
        const int priority = static_cast<int>(draw >> 24) % 5;
        const bool lifo = (draw >> 16) % 3 == 0;
        expected.push_back({priority, lifo ? -i : i, "job " + std::to_string(i)});
        co_await s.add(expected.back().id, {.priority = priority, .lifo = lifo});
    }
    std::ranges::sort(expected, {}, [](const auto& j) { return std::pair{j.priority, j.order}; });
    names in_order;
    for (const auto& job : expected)
        in_order.push_back(job.id);
    names claimed;
    for (int limit = 1; claimed.size() < expected.size(); ++limit) {
        const auto jobs = co_await s.claim(limit);
        REQUIRE_FALSE(jobs.empty());
        std::ranges::copy(ids(jobs), std::back_inserter(claimed));
    }
    CHECK(claimed == in_order);
}

CONTRACT_CASE("no more jobs are claimed than there are tokens, and the next claim goes on from there")
{
    co_await s.add_each({"a", "b", "c", "d", "e"});
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"a", "b"});
    const auto claimed_next = co_await s.claim(1);
    CHECK(ids(claimed_next) == names{"c"});
    const auto claimed_then = co_await s.claim(100);
    CHECK(ids(claimed_then) == names{"d", "e"});
    const auto claimed_last = co_await s.claim(100);
    CHECK(ids(claimed_last) == names{});
}

CONTRACT_CASE("a job that is active is not claimed again, even when its lock has expired")
{
    co_await s.add_active("a");
    s.pass(lock_duration + 1ms);
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{});
}

CONTRACT_CASE("a claim takes jobs of its own queue only")
{
    co_await s.in("other").add("a");
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{});
    co_await s.add("b");
    const auto claimed_next = co_await s.claim(2);
    CHECK(ids(claimed_next) == names{"b"});
    const auto claimed_then = co_await s.in("Q").claim(1);
    CHECK(ids(claimed_then) == names{});
}

CONTRACT_CASE("a claimed job is locked for its worker")
{
    const auto added = co_await s.add("a");
    s.pass(250ms);
    claim_order order{.queue = s.queue(), .worker = "host:1 \"x\"", .lock_duration = 12'345ms};
    order.tokens = {{.high = 0x0123456789abcdef, .low = 0xfedcba9876543210}, {.high = 9, .low = 9}};
    const settle_and_claim_request request{.now = s.now(), .settlements = {}, .claim = order};
    const auto answer = co_await s->settle_and_claim(request);
    REQUIRE(answer.claimed.size() == 1);

    auto expected = *added.job;
    expected.state = job_state::active;
    expected.attempts_started = 1;
    expected.token = "0123456789abcdeffedcba9876543210";
    expected.locked_until = s.now() + 12'345ms;
    expected.lock_duration = 12'345ms;
    expected.processed_at = s.now();
    expected.worker = "host:1 \"x\"";
    CHECK(describe(*answer.claimed[0]) == describe(expected));
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
}

CONTRACT_CASE("a token is written with all its zeros, and each job has its own, in order")
{
    co_await s.add_each({"a", "b", "c"});
    claim_order order{.queue = s.queue(), .worker = worker_id, .lock_duration = lock_duration};
    order.tokens = {
        {.high = 0, .low = 0x1f}, {.high = 0x8000000000000000, .low = 0}, {.high = 0, .low = 0xffffffffffffffff}
    };
    const settle_and_claim_request request{.now = s.now(), .settlements = {}, .claim = order};
    const auto answer = co_await s->settle_and_claim(request);
    REQUIRE(answer.claimed.size() == 3);
    CHECK(answer.claimed[0]->token == "0000000000000000000000000000001f");
    CHECK(answer.claimed[1]->token == "80000000000000000000000000000000");
    CHECK(answer.claimed[2]->token == "0000000000000000ffffffffffffffff");
}

CONTRACT_CASE("a worker without a name may claim")
{
    co_await s.add("a");
    claim_order order{.queue = s.queue(), .worker = "", .lock_duration = 1ms};
    order.tokens = {{.high = 0, .low = 1}};
    const settle_and_claim_request request{.now = s.now(), .settlements = {}, .claim = order};
    const auto answer = co_await s->settle_and_claim(request);
    REQUIRE(answer.claimed.size() == 1);
    CHECK(answer.claimed[0]->worker == "");
    CHECK(answer.claimed[0]->locked_until == s.now() + 1ms);
}

CONTRACT_CASE("each claim of a job counts as one attempt started")
{
    auto job = co_await s.add_active("a");
    for (int claims = 2; claims <= 4; ++claims) {
        co_await s.settle(s.release(job));
        const auto before = job->token;
        job = co_await s.claim_one();
        check_counters(*job, claims, 0, 0);
        CHECK(job->token != before);
    }
}

CONTRACT_CASE("a claimed job shows its progress, and leaves its attempts to get")
{
    const auto first = co_await s.add_active("a", {.attempts = 3});
    co_await s->update_progress(claim_of(first), R"({"done":1})");
    co_await s.settle(s.failing(first));
    const auto second = co_await s.claim_one();
    CHECK(second->progress == R"({"done":1})");
    CHECK(second->attempts.empty());
    check_counters(*second, 2, 1, 0);
    const auto read = co_await s.get("a");
    CHECK(read.attempts.size() == 1);
}

CONTRACT_CASE("a claim that came back short tells when the next delayed job is due")
{
    co_await s.add("late", {.delay = 5s});
    co_await s.add("soon", {.delay = 2s});
    co_await s.in("other").add("sooner", {.delay = 1s});
    co_await s.add("now");
    const auto answer = co_await s.settle_and_claim({}, 2);
    CHECK(ids(answer.claimed) == names{"now"});
    CHECK(answer.next_due == s.now() + 2s);
}

CONTRACT_CASE("a claim that got all it asked for tells no time")
{
    co_await s.add("late", {.delay = 5s});
    co_await s.add("now");
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(ids(answer.claimed) == names{"now"});
    CHECK(answer.next_due == std::nullopt);
}

CONTRACT_CASE("without delayed jobs no time is told")
{
    co_await s.in("other").add("late", {.delay = 5s});
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(answer.next_due == std::nullopt);
    CHECK(waiting_ids(answer.news).empty());
    CHECK_FALSE(answer.drained);
}

TEST_SUITE_END();
