#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("situation of a job");

namespace {

asio::awaitable<job_situation> situation(subject s, std::string id)
{
    const auto found = co_await s->situation(s.queue(), id, s.now());
    REQUIRE_MESSAGE(found.has_value(), "there is no job ", id);
    REQUIRE(found->job != nullptr);
    co_return *found;
}

void check_use(const limit_use& use, int active, const names& holders, std::optional<time_point> full_until = {})
{
    CHECK(use.active == active);
    CHECK(ids(use.holders) == holders);
    CHECK(use.full_until == full_until);
}

}  // namespace

CONTRACT_CASE("of a job that does not exist there is no situation")
{
    const auto unknown_queue = co_await s->situation("never seen", "a", s.now());
    CHECK_FALSE(unknown_queue);
    co_await s.in("other").add("a");
    co_await s.add("b");
    const auto unknown_job = co_await s->situation(s.queue(), "a", s.now());
    CHECK_FALSE(unknown_job);
}

CONTRACT_CASE("a job alone in its queue has nothing before it")
{
    const auto added = co_await s.add("a");
    const auto now = co_await situation(s, "a");
    CHECK(describe(*now.job) == describe(*added.job));
    CHECK(now.settings == queue_settings{});
    check_use(now.queue, 0, {});
    check_use(now.group, 0, {});
    CHECK_FALSE(now.group_retries);
    CHECK_FALSE(now.owner);
    CHECK(now.ahead == 0);
    CHECK_FALSE(now.last_claim);
}

CONTRACT_CASE("it tells how many waiting jobs are before this one")
{
    co_await s.add_each({"a", "b", "c"});
    co_await s.add("first", {.lifo = true});
    co_await s.add("late", {.delay = 1s});
    auto now = co_await situation(s, "c");
    CHECK(now.ahead == 3);
    now = co_await situation(s, "first");
    CHECK(now.ahead == 0);
    now = co_await situation(s, "late");
    CHECK(now.ahead == 0);
}

CONTRACT_CASE("it tells the limits of the queue, and who holds the places")
{
    (void)co_await s.add_active("a");
    (void)co_await s.add_active("b");
    co_await s.add("c");
    (void)co_await s->set_paused(s.queue(), true);
    co_await s->set(s.queue(), global_concurrency{.jobs = 2});
    const auto now = co_await situation(s, "c");
    CHECK(now.settings == queue_settings{.paused = true, .concurrency = 2});
    check_use(now.queue, 2, {"a", "b"});
}

CONTRACT_CASE("it names ten of those who hold the places, and counts all")
{
    for (int i = 0; i < 12; ++i)
        (void)co_await s.add_active(std::to_string(i));
    co_await s.add("c");
    const auto now = co_await situation(s, "c");
    CHECK(now.queue.active == 12);
    CHECK(ids(now.queue.holders) == names{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"});
}

CONTRACT_CASE("it tells until when the rate of the queue is used up")
{
    co_await s->set(s.queue(), global_rate{.rate = rate_limit{.max = 2, .duration = 10s}});
    (void)co_await s.add_active("a");
    co_await s.add_each({"b", "c"});
    auto now = co_await situation(s, "c");
    CHECK(now.queue.full_until == std::nullopt);
    s.pass(3s);
    (void)co_await s.claim(1);
    now = co_await situation(s, "c");
    CHECK(now.queue.full_until == s.now() + 7s);
    s.pass(7s);
    now = co_await situation(s, "c");
    CHECK(now.queue.full_until == std::nullopt);
}

CONTRACT_CASE("it tells until when the queue rests")
{
    const auto job = co_await s.add_active("a");
    (void)co_await s.settle(s.putting_off(job, rate_limited{.wait = 5s}));
    const auto now = co_await situation(s, "a");
    CHECK(now.settings.rests_until == s.now() + 5s);
}

CONTRACT_CASE("it reports the job's own group alone")
{
    co_await s->set(s.queue(), group_options{.concurrency = 2, .rate = rate_limit{.max = 2, .duration = 10s}});
    for (const auto* id : {"x1", "y1", "x2", "x3", "y2"})
        (void)co_await s.add(id, {.group = std::string{id}.substr(0, 1)});
    co_await s.add("none");
    (void)co_await s.claim(3);
    auto now = co_await situation(s, "x3");
    check_use(now.queue, 3, {"x1", "y1", "none"});
    check_use(now.group, 1, {"x1"});
    (void)co_await s.claim(1);
    now = co_await situation(s, "y2");
    check_use(now.group, 1, {"y1"});
    now = co_await situation(s, "x3");
    check_use(now.group, 2, {"x1", "x2"}, s.now() + 10s);
    now = co_await situation(s, "none");
    check_use(now.group, 0, {});
}

CONTRACT_CASE("it tells that a job of the group is to be tried again")
{
    co_await s->set(s.queue(), group_options{.concurrency = 1, .keep_order = true});
    for (const auto* id : {"a", "b"})
        (void)co_await s.add(id, {.attempts = 2, .backoff = backoff::fixed(1s), .group = "g"});
    (void)co_await s.add("other", {.group = "h"});
    const auto job = co_await s.claim_one();
    auto now = co_await situation(s, "b");
    CHECK_FALSE(now.group_retries);
    (void)co_await s.settle(s.failing(job));
    now = co_await situation(s, "b");
    CHECK(now.group_retries);
    now = co_await situation(s, "other");
    CHECK_FALSE(now.group_retries);
}

CONTRACT_CASE("it names the owner for whose end a job is kept")
{
    const job_options kept{.dedup = deduplication{.id = "d", .how = deduplication::mode::keep_last}};
    (void)co_await s.add_active("a", kept);
    co_await s.add("b", kept);
    auto now = co_await situation(s, "b");
    CHECK(now.owner == job_id{"a"});
    now = co_await situation(s, "a");
    CHECK_FALSE(now.owner);
}

CONTRACT_CASE("it tells when a job was last claimed that is active, or was completed last")
{
    co_await s.add_each({"a", "b"});
    const auto at_first = s.now();
    const auto a = co_await s.claim_one();
    s.pass(1s);
    co_await s.add("c");
    auto now = co_await situation(s, "c");
    CHECK(now.last_claim == at_first);
    const auto b = co_await s.claim_one();
    now = co_await situation(s, "c");
    CHECK(now.last_claim == s.now());
    (void)co_await s.settle(s.completion(b));
    (void)co_await s.settle(s.completion(a));
    s.pass(1h);
    now = co_await situation(s, "c");
    CHECK(now.last_claim.has_value());
}

CONTRACT_CASE("a situation changes nothing")
{
    co_await s->set(s.queue(), global_rate{.rate = rate_limit{.max = 2, .duration = 10s}});
    (void)co_await s.add("a", {.ttl = 1s, .group = "g"});
    s.pass(2s);
    (void)co_await situation(s, "a");
    const auto state = co_await s.state("a");
    CHECK(state == job_state::waiting);
    co_await s.add("b", {.delay = 0ms});
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"b"});
}

TEST_SUITE_END();
