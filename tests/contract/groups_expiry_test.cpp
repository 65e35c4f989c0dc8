// Expired jobs of groups.
#include "contract/contract.hpp"
#include "contract/grouped.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("groups");

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

TEST_SUITE_END();
