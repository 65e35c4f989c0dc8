#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("keep_order");

namespace {

asio::awaitable<void> in_order(subject s)
{
    return s->set(s.queue(), group_options{.concurrency = 1, .keep_order = true});
}

job_options tried_again(milliseconds wait = 0ms)
{
    return {.attempts = 3, .backoff = backoff::fixed(wait), .group = "g"};
}

}  // namespace

CONTRACT_CASE("without keep_order a failed job goes to the tail of its group")
{
    co_await s->set(s.queue(), group_options{.concurrency = 1});
    for (const auto* id : {"1", "2"})
        (void)co_await s.add(id, tried_again());
    const auto first = co_await s.claim_one();
    const auto next = co_await s.settle_and_claim({s.failing(first)}, 5);
    CHECK(ids(next.claimed) == names{"2"});
}

CONTRACT_CASE("with keep_order a failed job without a backoff is the next one of its group")
{
    co_await in_order(s);
    for (const auto* id : {"1", "2"})
        (void)co_await s.add(id, tried_again());
    const auto first = co_await s.claim_one();
    const auto again = co_await s.settle_and_claim({s.failing(first)}, 5);
    REQUIRE(ids(again.claimed) == names{"1"});
    CHECK(again.claimed[0]->position == first->position);
    const auto next = co_await s.settle_and_claim({s.completion(again.claimed[0])}, 5);
    CHECK(ids(next.claimed) == names{"2"});
}

CONTRACT_CASE("with keep_order nothing of a group is claimed while its failed job waits for its backoff")
{
    co_await in_order(s);
    for (const auto* id : {"1", "2"})
        (void)co_await s.add(id, tried_again(10s));
    (void)co_await s.add("other", {.group = "h"});
    (void)co_await s.add("none");
    const auto first = co_await s.claim_one();
    const auto meanwhile = co_await s.settle_and_claim({s.failing(first)}, 5);
    CHECK(ids(meanwhile.claimed) == names{"other", "none"});
    CHECK(meanwhile.next_due == s.now() + 10s);
    s.pass(9'999ms);
    const auto early = co_await claimed_ids(s, 5);
    CHECK(early == names{});
    s.pass(1ms);
    const auto again = co_await s.claim(5);
    REQUIRE(ids(again) == names{"1"});
    const auto next = co_await s.settle_and_claim({s.completion(again[0])}, 5);
    CHECK(ids(next.claimed) == names{"2"});
}

CONTRACT_CASE("with keep_order a job that has failed for good lets the next one run")
{
    co_await in_order(s);
    (void)co_await s.add("1", {.group = "g"});
    (void)co_await s.add("2", {.group = "g"});
    const auto first = co_await s.claim_one();
    const auto next = co_await s.settle_and_claim({s.failing(first)}, 5);
    CHECK(ids(next.claimed) == names{"2"});
}

CONTRACT_CASE("with keep_order a job that its processor put off holds its group up until it is due")
{
    co_await in_order(s);
    for (const auto* id : {"1", "2"})
        (void)co_await s.add(id, {.group = "g"});
    const auto first = co_await s.claim_one();
    const auto held = co_await s.settle_and_claim({s.putting_off(first, delay_for{.wait = 1s})}, 5);
    CHECK(held.claimed.empty());
    s.pass(1s);
    const auto again = co_await claimed_ids(s, 5);
    CHECK(again == names{"1"});
}

CONTRACT_CASE("with keep_order a rescued job is the next one, at once or after its backoff")
{
    co_await in_order(s);
    for (const auto* id : {"1", "2"})
        (void)co_await s.add(id, {.backoff = backoff::fixed(1s), .group = "g"});
    const auto first = co_await s.claim_one();
    const auto rescued = co_await s.rescue(first);
    CHECK(rescued);
    const auto early = co_await claimed_ids(s, 5);
    CHECK(early == names{});
    s.pass(1s);
    const auto again = co_await claimed_ids(s, 5);
    CHECK(again == names{"1"});
}

CONTRACT_CASE("with keep_order a job that was released is the next one of its group")
{
    co_await in_order(s);
    for (const auto* id : {"1", "2"})
        (void)co_await s.add(id, {.group = "g"});
    const auto first = co_await s.claim_one();
    const auto again = co_await s.settle_and_claim({s.release(first)}, 5);
    CHECK(ids(again.claimed) == names{"1"});
}

CONTRACT_CASE("with keep_order a job that was never started holds nobody up, delayed as it is")
{
    co_await in_order(s);
    (void)co_await s.add("late", {.delay = 1h, .group = "g"});
    (void)co_await s.add("now", {.group = "g"});
    const auto claimed = co_await claimed_ids(s, 5);
    CHECK(claimed == names{"now"});
}

CONTRACT_CASE("with keep_order the group goes on when the job that held it up is removed, cancelled or promoted")
{
    co_await in_order(s);
    for (const auto* id : {"1", "2", "3", "4"})
        (void)co_await s.add(id, tried_again(1h));
    const auto fails = [&](const char* id) -> asio::awaitable<void> {
        const auto job = co_await s.claim_one();
        REQUIRE(job->id == id);
        (void)co_await s.settle(s.failing(job));
        const auto held = co_await s.claim(5);
        CHECK(held.empty());
    };
    co_await fails("1");
    (void)co_await s.remove("1");
    co_await fails("2");
    (void)co_await s.cancel("2", "why");
    co_await fails("3");
    (void)co_await s.promote("3");
    const auto again = co_await claimed_ids(s, 5);
    CHECK(again == names{"3"});
}

CONTRACT_CASE("with keep_order a job without a group goes to the tail as ever")
{
    co_await in_order(s);
    for (const auto* id : {"1", "2"})
        (void)co_await s.add(id, {.attempts = 3});
    const auto first = co_await s.claim_one();
    const auto next = co_await s.settle_and_claim({s.failing(first)}, 1);
    CHECK(ids(next.claimed) == names{"2"});
}

CONTRACT_CASE("with keep_order every job of a group runs to its end before the next one starts, whatever fails")
{
    co_await in_order(s);
    names expected;
    for (int i = 0; i < 12; ++i)
        for (const auto* group : {"g", "h"}) {
            const auto id = group + std::to_string(i);
            const auto wait = i % 3 == 0 ? 0ms : 50ms;
            (void)co_await s.add(id, {.attempts = 9, .backoff = backoff::fixed(wait), .group = group});
            if (group == std::string{"g"})
                expected.push_back(id);
        }
    names ended;
    std::uint32_t draw = 3;
    for (int left = 24; left > 0;) {
        const auto claimed = co_await s.claim(4);
        for (const auto& job : claimed) {
            draw = draw * 1'664'525 + 1'013'904'223;
            const bool fails = job->attempts_made < 8 && (draw >> 24) % 2 == 0;
            (void)co_await s.settle(fails ? s.failing(job) : s.completion(job));
            left -= fails ? 0 : 1;
            if (!fails && *job->options->group == "g")
                ended.push_back(job->id.str());
        }
        s.pass(milliseconds{draw >> 26});
    }
    CHECK(ended == expected);
}

TEST_SUITE_END();
