#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("groups");

namespace {

asio::awaitable<void> allow(subject s, group_options options) { return s->set(s.queue(), options); }

/// Jobs "x1", "x2" of group "x": the group is the first letter. "-1" has none.
asio::awaitable<void> add_grouped(subject s, names ids)
{
    for (auto& id : ids) {
        job_options options;
        if (!id.starts_with('-'))
            options.group = id.substr(0, 1);
        (void)co_await s.add(std::move(id), std::move(options));
    }
}

/// Claimed one by one.
asio::awaitable<names> claimed_in_order(subject s, int count)
{
    names out;
    for (int i = 0; i < count; ++i) {
        const auto claimed = co_await s.claim(1);
        out.push_back(claimed.empty() ? "none" : claimed[0]->id.str());
    }
    co_return out;
}

}  // namespace

CONTRACT_CASE("groups take turns, also where one of them has all its jobs before the other's")
{
    co_await add_grouped(s, {"a1", "a2", "a3", "b1", "b2", "b3"});
    const auto claimed = co_await claimed_ids(s, 6);
    CHECK(claimed == names{"a1", "b1", "a2", "b2", "a3", "b3"});
}

CONTRACT_CASE("turns go on from claim to claim")
{
    co_await add_grouped(s, {"a1", "a2", "a3", "b1", "b2", "c1"});
    const auto claimed = co_await claimed_in_order(s, 7);
    CHECK(claimed == names{"a1", "b1", "c1", "a2", "b2", "a3", "none"});
}

CONTRACT_CASE("the group is next that was served longest ago, a new one before all")
{
    co_await add_grouped(s, {"a1", "a2", "b1", "b2"});
    const auto first = co_await claimed_in_order(s, 2);
    CHECK(first == names{"a1", "b1"});
    co_await add_grouped(s, {"c1", "c2"});
    const auto next = co_await claimed_in_order(s, 4);
    CHECK(next == names{"c1", "a2", "b2", "c2"});
}

CONTRACT_CASE("a group that had nothing for a while has lost no turn, and saved up none")
{
    co_await add_grouped(s, {"a1", "b1", "b2", "b3"});
    const auto first = co_await claimed_in_order(s, 3);
    CHECK(first == names{"a1", "b1", "b2"});
    co_await add_grouped(s, {"a2", "a3"});
    const auto next = co_await claimed_in_order(s, 3);
    CHECK(next == names{"a2", "b3", "a3"});
}

CONTRACT_CASE("jobs without a group are one key among the others")
{
    co_await add_grouped(s, {"-1", "-2", "-3", "a1", "a2"});
    const auto claimed = co_await claimed_in_order(s, 5);
    CHECK(claimed == names{"-1", "a1", "-2", "a2", "-3"});
}

CONTRACT_CASE("the best priority is served first, whoever's turn it is")
{
    (void)co_await s.add("a1", {.priority = 5, .group = "a"});
    (void)co_await s.add("a2", {.priority = 1, .group = "a"});
    (void)co_await s.add("a3", {.priority = 1, .group = "a"});
    (void)co_await s.add("b1", {.priority = 5, .group = "b"});
    (void)co_await s.add("none", {.priority = 3});
    const auto claimed = co_await claimed_in_order(s, 5);
    CHECK(claimed == names{"a2", "a3", "none", "b1", "a1"});
}

CONTRACT_CASE("within a group jobs go by priority and position, a lifo one first of its priority")
{
    (void)co_await s.add("second", {.group = "a"});
    (void)co_await s.add("last", {.priority = 1, .group = "a"});
    (void)co_await s.add("third", {.group = "a"});
    (void)co_await s.add("first", {.lifo = true, .group = "a"});
    const auto claimed = co_await claimed_ids(s, 4);
    CHECK(claimed == names{"first", "second", "third", "last"});
}

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

CONTRACT_CASE("an add takes a job of the group whose turn it is")
{
    co_await allow(s, {.concurrency = 1});
    (void)co_await s.add_active("a1", {.group = "a"});
    const auto full = co_await s.add_and_claim("a2", {.group = "a"});
    CHECK(full.claimed.empty());
    const auto other = co_await s.add_and_claim("b1", {.group = "b"});
    CHECK(ids(other.claimed) == names{"b1"});
}

CONTRACT_CASE("expired jobs of a group end where it is served, and take no turn")
{
    (void)co_await s.add("a1", {.ttl = 1s, .group = "a"});
    (void)co_await s.add("a2", {.ttl = 1s, .group = "a"});
    co_await add_grouped(s, {"a3", "b1"});
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({}, 9);
    CHECK(ids(of(answer.news, cause::unfit)) == names{"a1", "a2"});
    CHECK(ids(answer.claimed) == names{"a3", "b1"});
}

CONTRACT_CASE("an expired job of a group ends when its turn comes, and not before")
{
    (void)co_await s.add("a1", {.ttl = 1s, .group = "a"});
    co_await add_grouped(s, {"b1"});
    (void)co_await s.add("c1", {.ttl = 1s, .group = "c"});
    (void)co_await s.add("last", {.priority = 1, .ttl = 1s});
    s.pass(1s);
    const auto first = co_await s.settle_and_claim({}, 1);
    CHECK(ids(of(first.news, cause::unfit)) == names{"a1"});
    CHECK(ids(first.claimed) == names{"b1"});
    const auto rest = co_await s.settle_and_claim({}, 1);
    CHECK(ids(of(rest.news, cause::unfit)) == names{"c1", "last"});
    CHECK(rest.claimed.empty());
}

CONTRACT_CASE("the place of a group is that of its first job, though that one has expired")
{
    co_await add_grouped(s, {"a1"});
    const auto active = co_await s.claim_one();
    (void)co_await s.add("a2", {.ttl = 1s, .group = "a"});
    (void)co_await s.add("a3", {.priority = 2, .group = "a"});
    (void)co_await s.add("b1", {.priority = 1, .group = "b"});
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({s.completion(active)}, 2);
    CHECK(ids(of(answer.news, cause::unfit)) == names{"a2"});
    CHECK(ids(answer.claimed) == names{"b1", "a3"});
}

CONTRACT_CASE("where the queue has no place left nothing of a group expires at a claim")
{
    co_await s->set(s.queue(), global_concurrency{.jobs = 1});
    co_await add_grouped(s, {"a1"});
    const auto active = co_await s.claim_one();
    (void)co_await s.add("b1", {.ttl = 1s, .group = "b"});
    s.pass(1s);
    const auto full = co_await s.settle_and_claim({}, 9);
    CHECK(full.news.empty());
    CHECK(full.claimed.empty());
    const auto free = co_await s.settle_and_claim({s.completion(active)}, 9);
    CHECK(ids(of(free.news, cause::unfit)) == names{"b1"});
}

CONTRACT_CASE("from a group that is full nothing expires at a claim, but at the sweep")
{
    co_await allow(s, {.concurrency = 1});
    co_await add_grouped(s, {"a1"});
    (void)co_await s.claim_one();
    (void)co_await s.add("a2", {.ttl = 1s, .group = "a"});
    s.pass(1s);
    const auto claim = co_await s.settle_and_claim({}, 9);
    CHECK(of(claim.news, cause::unfit).empty());
    const auto swept = co_await s.sweep();
    REQUIRE(of(swept.news, cause::unfit).size() == 1);
    CHECK(of(swept.news, cause::unfit)[0].job->id == "a2");
}

CONTRACT_CASE("delayed jobs of a group wait beside it until they are due")
{
    (void)co_await s.add("a1", {.delay = 1s, .group = "a"});
    co_await add_grouped(s, {"a2", "b1"});
    const auto first = co_await s.settle_and_claim({}, 9);
    CHECK(ids(first.claimed) == names{"a2", "b1"});
    CHECK(first.next_due == s.now() + 1s);
    s.pass(1s);
    const auto due = co_await claimed_ids(s, 9);
    CHECK(due == names{"a1"});
}

CONTRACT_CASE("any name will do for a group")
{
    const names strange{"'; DROP TABLE cofila_jobs; --", "\xE2\x82\xAC", "%", std::string(200, 'g'), " "};
    co_await allow(s, {.concurrency = 1});
    for (std::size_t i = 0; i < strange.size(); ++i)
        for (const auto* number : {"1", "2"})
            (void)co_await s.add(std::to_string(i) + number, {.group = strange[i]});
    const auto claimed = co_await claimed_ids(s, 99);
    CHECK(claimed == names{"01", "11", "21", "31", "41"});
    const auto found = co_await s.find({.state = job_state::waiting, .group = strange[0]});
    CHECK(found == names{"02"});
}

CONTRACT_CASE("a job without a group is found behind however many others")
{
    co_await allow(s, {.concurrency = 1});
    std::vector<job_snapshot> jobs;
    for (int i = 0; i < 1500; ++i)
        jobs.push_back(s.make(std::to_string(i), {.group = "a"}));
    (void)co_await s->add(std::move(jobs));
    co_await s.add("alone");
    const auto claimed = co_await claimed_ids(s, 9);
    CHECK(claimed == names{"0", "alone"});
}

CONTRACT_CASE("300 groups are served in turns, each once before any twice")
{
    for (const auto* number : {"1", "2"})
        for (int group = 0; group < 300; ++group)
            (void)co_await s.add(std::to_string(group) + "/" + number, {.group = std::to_string(group)});
    for (const auto* number : {"1", "2"}) {
        names expected;
        for (int group = 0; group < 300; ++group)
            expected.push_back(std::to_string(group) + "/" + number);
        names claimed;
        while (claimed.size() < 300)
            for (auto& id : co_await claimed_ids(s, 75))
                claimed.push_back(std::move(id));
        CHECK(claimed == expected);
    }
}

TEST_SUITE_END();
