// The limits of groups.
#include <optional>

#include "contract/contract.hpp"
#include "contract/grouped.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("groups");

CONTRACT_CASE("each group has a concurrency of its own")
{
    co_await allow(s, {.concurrency = 2});
    co_await add_grouped(s, {"a1", "a2", "a3", "b1"});
    const auto answer = co_await s.settle_and_claim({}, 9);
    CHECK(ids(answer.claimed) == names{"a1", "b1", "a2"});
    CHECK(answer.limited);
    const auto next = co_await s.settle_and_claim({s.completion(answer.claimed[1])}, 9);
    CHECK(next.claimed.empty());
    const auto last = co_await s.settle_and_claim({s.completion(answer.claimed[0])}, 9);
    CHECK(ids(last.claimed) == names{"a3"});
}

CONTRACT_CASE("jobs of several groups that end together each make room in their own")
{
    co_await allow(s, {.concurrency = 1});
    co_await add_grouped(s, {"a1", "b1", "c1", "a2", "b2", "c2"});
    const auto jobs = co_await s.claim(3);
    CHECK(ids(jobs) == names{"a1", "b1", "c1"});
    const auto next = co_await s.settle_and_claim({s.completion(jobs[1]), s.completion(jobs[0])}, 9);
    CHECK(ids(next.claimed) == names{"a2", "b2"});
}

CONTRACT_CASE("a group that is full lets others pass that come after it")
{
    co_await allow(s, {.concurrency = 1});
    co_await add_grouped(s, {"a1", "a2", "b1", "-1"});
    const auto claimed = co_await claimed_in_order(s, 4);
    CHECK(claimed == names{"a1", "b1", "-1", "none"});
}

CONTRACT_CASE("jobs without a group have no group limits")
{
    co_await allow(s, {.concurrency = 1, .rate = rate_limit{.max = 1, .duration = 1h}, .keep_order = true});
    co_await s.add_each({"a", "b", "c"});
    const auto ungrouped = co_await claimed_ids(s, 2);
    CHECK(ungrouped == names{"a", "b"});
    co_await add_grouped(s, {"x1", "-d"});
    const auto mixed = co_await claimed_ids(s, 9);
    CHECK(mixed.size() == 3);
}

CONTRACT_CASE("each group has a rate of its own, and a claim tells when the first has room")
{
    co_await allow(s, {.rate = rate_limit{.max = 1, .duration = 10s}});
    co_await add_grouped(s, {"a1", "a2", "b1", "b2"});
    const auto a = co_await claimed_in_order(s, 1);
    CHECK(a == names{"a1"});
    s.pass(3s);
    const auto b = co_await s.settle_and_claim({}, 9);
    CHECK(ids(b.claimed) == names{"b1"});
    CHECK(b.next_due == s.now() + 7s);
    CHECK_FALSE(b.limited);
    s.pass(7s);
    const auto again = co_await s.settle_and_claim({}, 9);
    CHECK(ids(again.claimed) == names{"a2"});
    CHECK(again.next_due == s.now() + 3s);
    s.pass(3s);
    const auto last = co_await claimed_ids(s, 9);
    CHECK(last == names{"b2"});
}

CONTRACT_CASE("next_due leaves out the rates of groups that have room, or nothing waiting")
{
    co_await allow(s, {.rate = rate_limit{.max = 2, .duration = 10s}});
    co_await add_grouped(s, {"a1", "b1"});
    const auto first = co_await s.settle_and_claim({}, 9);
    CHECK(ids(first.claimed) == names{"a1", "b1"});
    CHECK(first.next_due == std::nullopt);
    s.pass(3s);
    co_await add_grouped(s, {"a2", "c1", "c2", "c3"});
    const auto next = co_await s.settle_and_claim({}, 9);
    CHECK(ids(next.claimed) == names{"c1", "a2", "c2"});
    CHECK(next.next_due == s.now() + 10s);
}

CONTRACT_CASE("next_due leaves out the rate of a group that its concurrency keeps from running too")
{
    co_await allow(s, {.concurrency = 1, .rate = rate_limit{.max = 1, .duration = 10s}});
    co_await add_grouped(s, {"a1", "a2"});
    const auto first = co_await s.settle_and_claim({}, 9);
    CHECK(ids(first.claimed) == names{"a1"});
    CHECK(first.next_due == std::nullopt);
    const auto next = co_await s.settle_and_claim({s.completion(first.claimed[0])}, 9);
    CHECK(next.claimed.empty());
    CHECK(next.next_due == s.now() + 10s);
}

CONTRACT_CASE("next_due leaves out the rates of groups where the queue's own limit has cut the claim short")
{
    co_await allow(s, {.rate = rate_limit{.max = 1, .duration = 10s}});
    co_await s->set(s.queue(), global_concurrency{.jobs = 1});
    co_await add_grouped(s, {"a1", "a2"});
    const auto first = co_await s.settle_and_claim({}, 9);
    CHECK(ids(first.claimed) == names{"a1"});
    CHECK(first.next_due == std::nullopt);
    const auto next = co_await s.settle_and_claim({s.completion(first.claimed[0])}, 9);
    CHECK(next.claimed.empty());
    CHECK(next.next_due == s.now() + 10s);
}

CONTRACT_CASE("next_due counts the rate of a group whose job is early by the clock of the claim")
{
    co_await allow(s, {.rate = rate_limit{.max = 1, .duration = 10s}});
    (void)co_await s.add("a2", {.delay = 5s, .group = "a"});
    co_await add_grouped(s, {"a1"});
    (void)co_await s.claim_one();
    s.pass(1s);
    co_await add_grouped(s, {"b1", "b2"});
    (void)co_await s.claim_one();
    s.pass(4s);
    (void)co_await s.sweep();
    s.pass(-3s);
    const auto answer = co_await s.settle_and_claim({}, 9);
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == s.now() + 8s);
}

CONTRACT_CASE("the limits of the queue hold over those of the groups")
{
    co_await allow(s, {.concurrency = 2});
    co_await s->set(s.queue(), global_concurrency{.jobs = 3});
    co_await add_grouped(s, {"a1", "a2", "b1", "b2", "c1"});
    const auto by_concurrency = co_await claimed_ids(s, 9);
    CHECK(by_concurrency == names{"a1", "b1", "c1"});
    co_await s->set(s.queue(), global_concurrency{});
    co_await s->set(s.queue(), global_rate{.rate = rate_limit{.max = 1, .duration = 1s}});
    const auto by_rate = co_await claimed_ids(s, 9);
    CHECK(by_rate == names{"a2"});
    const auto used_up = co_await claimed_ids(s, 9);
    CHECK(used_up == names{});
}

TEST_SUITE_END();
