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

TEST_SUITE_BEGIN("rate");

namespace {

asio::awaitable<void> allow(subject s, int max, milliseconds duration)
{
    return s->set(s.queue(), global_rate{.rate = rate_limit{.max = max, .duration = duration}});
}

asio::awaitable<void> add_many(subject s, int count)
{
    for (int i = 0; i < count; ++i)
        (void)co_await s.add(std::to_string(i));
}

asio::awaitable<std::size_t> claimed_now(subject s, int limit)
{
    const auto claimed = co_await s.claim(limit);
    co_return claimed.size();
}

}  // namespace

CONTRACT_CASE("at most the rate's number of jobs is claimed in a window, whether they end or not")
{
    co_await add_many(s, 5);
    co_await allow(s, 2, 1s);
    const auto first = co_await s.settle_and_claim({}, 5);
    CHECK(ids(first.claimed) == names{"0", "1"});
    const auto more = co_await s.settle_and_claim({s.completion(first.claimed[0]), s.completion(first.claimed[1])}, 5);
    CHECK(more.claimed.empty());
    s.pass(999ms);
    const auto early = co_await claimed_now(s, 5);
    CHECK(early == 0);
    s.pass(1ms);
    const auto in_time = co_await s.claim(5);
    CHECK(ids(in_time) == names{"2", "3"});
}

CONTRACT_CASE("the window slides: each claim counts for its own time")
{
    co_await add_many(s, 6);
    co_await allow(s, 3, 10s);
    const auto one = co_await claimed_now(s, 1);
    CHECK(one == 1);
    s.pass(4s);
    const auto two = co_await claimed_now(s, 5);
    CHECK(two == 2);
    s.pass(6s);
    const auto first_over = co_await claimed_now(s, 5);
    CHECK(first_over == 1);
    s.pass(3'999ms);
    const auto not_yet = co_await claimed_now(s, 5);
    CHECK(not_yet == 0);
    s.pass(1ms);
    const auto second_over = co_await claimed_now(s, 5);
    CHECK(second_over == 2);
}

CONTRACT_CASE("a claim that found the rate used up tells when there is room")
{
    co_await add_many(s, 5);
    co_await allow(s, 2, 10s);
    (void)co_await s.claim(1);
    s.pass(3s);
    (void)co_await s.claim(1);
    const auto full = co_await s.settle_and_claim({}, 1);
    CHECK(full.claimed.empty());
    CHECK(full.next_due == s.now() + 7s);
    CHECK_FALSE(full.limited);
}

CONTRACT_CASE("a claim that used up the rate itself tells when there is room")
{
    co_await add_many(s, 5);
    co_await allow(s, 2, 10s);
    const auto answer = co_await s.settle_and_claim({}, 3);
    CHECK(answer.claimed.size() == 2);
    CHECK(answer.next_due == s.now() + 10s);
}

CONTRACT_CASE("where nothing waits any more, no time is told for the rate")
{
    co_await add_many(s, 1);
    co_await allow(s, 2, 10s);
    const auto answer = co_await s.settle_and_claim({}, 3);
    CHECK(answer.claimed.size() == 1);
    CHECK(answer.next_due == std::nullopt);
}

CONTRACT_CASE("of the time when the rate has room and the time when a delayed job is due, the earlier is returned")
{
    co_await add_many(s, 2);
    co_await s.add("late", {.delay = 4s});
    co_await allow(s, 1, 10s);
    (void)co_await s.claim(1);
    const auto delayed_first = co_await s.settle_and_claim({}, 1);
    CHECK(delayed_first.next_due == s.now() + 4s);
    s.pass(4s);
    const auto rate_first = co_await s.settle_and_claim({}, 1);
    CHECK(waiting_ids(rate_first.news) == names{"late"});
    CHECK(rate_first.next_due == s.now() + 6s);
}

CONTRACT_CASE("all claims of one millisecond count together")
{
    co_await add_many(s, 5);
    co_await allow(s, 3, 1s);
    for (int i = 0; i < 3; ++i) {
        const auto claimed = co_await claimed_now(s, 1);
        CHECK(claimed == 1);
    }
    const auto full = co_await claimed_now(s, 1);
    CHECK(full == 0);
}

CONTRACT_CASE("an add that takes a job counts too, and takes none when the rate is used up")
{
    co_await allow(s, 1, 1s);
    const auto first = co_await s.add_and_claim("a");
    CHECK(ids(first.claimed) == names{"a"});
    const auto second = co_await s.add_and_claim("b");
    CHECK(second.claimed.empty());
    s.pass(1s);
    const auto third = co_await s.claim(2);
    CHECK(ids(third) == names{"b"});
}

CONTRACT_CASE("each attempt of a job counts as a claim of its own")
{
    co_await allow(s, 1, 1s);
    const auto job = co_await s.add_active("a", {.attempts = 2});
    const auto failed = co_await s.settle_and_claim({s.failing(job)}, 1);
    CHECK(failed.claimed.empty());
    s.pass(1s);
    const auto again = co_await s.claim_one();
    CHECK(again->id == "a");
}

CONTRACT_CASE("the claim of a job that is gone since counts all the same")
{
    co_await allow(s, 1, 1s);
    const auto gone = co_await s.add_active("a", {.on_completed = retention::remove_at_once()});
    (void)co_await s.settle(s.completion(gone));
    co_await s.add("b");
    const auto full = co_await claimed_now(s, 1);
    CHECK(full == 0);
}

CONTRACT_CASE("a rate that is taken away holds no more")
{
    co_await add_many(s, 3);
    co_await allow(s, 1, 1h);
    (void)co_await s.claim(1);
    co_await s->set(s.queue(), global_rate{});
    const auto claimed = co_await claimed_now(s, 5);
    CHECK(claimed == 2);
}

CONTRACT_CASE("what was claimed while there was no rate does not count for one that is set later")
{
    co_await add_many(s, 5);
    (void)co_await s.claim(2);
    co_await allow(s, 2, 1h);
    const auto claimed = co_await claimed_now(s, 5);
    CHECK(claimed == 2);
}

CONTRACT_CASE("a rate that is changed holds for the claims of before")
{
    co_await add_many(s, 6);
    co_await allow(s, 2, 10s);
    (void)co_await s.claim(2);
    co_await allow(s, 3, 10s);
    const auto more = co_await claimed_now(s, 5);
    CHECK(more == 1);
    co_await allow(s, 1, 10s);
    const auto less = co_await s.settle_and_claim({}, 5);
    CHECK(less.claimed.empty());
    s.pass(2s);
    co_await allow(s, 1, 2s);
    const auto shorter = co_await claimed_now(s, 5);
    CHECK(shorter == 1);
}

CONTRACT_CASE("a clock that is set back by more than the window does not stop the queue")
{
    co_await add_many(s, 5);
    co_await allow(s, 2, 10s);
    (void)co_await s.claim(2);
    s.pass(-10s);
    const auto claimed = co_await claimed_now(s, 5);
    CHECK(claimed == 2);
}

CONTRACT_CASE("after a clock was set back by less than the window, claims count until their time is over")
{
    co_await add_many(s, 5);
    co_await allow(s, 2, 10s);
    (void)co_await s.claim(2);
    s.pass(-4s);
    const auto full = co_await s.settle_and_claim({}, 5);
    CHECK(full.claimed.empty());
    CHECK(full.next_due == s.now() + 14s);
    s.pass(14s);
    const auto claimed = co_await claimed_now(s, 5);
    CHECK(claimed == 2);
}

CONTRACT_CASE("what was claimed by a clock that was set back since is not forgotten: it counts when its time comes")
{
    co_await add_many(s, 9);
    co_await allow(s, 2, 1s);
    s.pass(1'200ms);
    (void)co_await s.claim(2);
    s.pass(-1'200ms);
    (void)co_await s.claim(2);
    s.pass(1'250ms);
    const auto at_once = co_await claimed_now(s, 5);
    CHECK(at_once == 0);
    s.pass(950ms);
    const auto in_time = co_await claimed_now(s, 5);
    CHECK(in_time == 2);
}

CONTRACT_CASE("a claim of a clock that is behind counts for the time of the newest claim")
{
    co_await add_many(s, 9);
    co_await allow(s, 3, 1s);
    s.pass(900ms);
    (void)co_await s.claim(2);
    s.pass(-900ms);
    const auto behind = co_await claimed_now(s, 5);
    CHECK(behind == 1);
    s.pass(1'899ms);
    const auto early = co_await claimed_now(s, 5);
    CHECK(early == 0);
    s.pass(1ms);
    const auto in_time = co_await claimed_now(s, 5);
    CHECK(in_time == 3);
}

CONTRACT_CASE("the smaller of concurrency and rate decides")
{
    co_await add_many(s, 9);
    co_await allow(s, 5, 1s);
    co_await s->set(s.queue(), global_concurrency{.jobs = 2});
    const auto by_concurrency = co_await s.settle_and_claim({}, 9);
    CHECK(by_concurrency.claimed.size() == 2);
    CHECK(by_concurrency.limited);
    co_await s->set(s.queue(), global_concurrency{.jobs = 9});
    const auto by_rate = co_await s.settle_and_claim({}, 9);
    CHECK(by_rate.claimed.size() == 3);
    CHECK(by_rate.next_due == s.now() + 1s);
}

CONTRACT_CASE("over a long time no window ever has more claims than the rate allows")
{
    const int max = 3;
    const milliseconds duration = 100ms;
    co_await add_many(s, 120);
    co_await allow(s, max, duration);
    std::vector<time_point> at;
    std::uint32_t draw = 7;
    while (at.size() < 120) {
        draw = draw * 1'664'525 + 1'013'904'223;
        const auto claimed = co_await s.claim(static_cast<int>(1 + (draw >> 28) % 4));
        at.insert(at.end(), claimed.size(), s.now());
        s.pass(milliseconds{1 + (draw >> 20) % 60});
    }
    for (std::size_t i = max; i < at.size(); ++i)
        CHECK(at[i] - at[i - max] >= duration);
}

TEST_SUITE_END();
