// Queues that rest after a rate limit.
#include <string>
#include <vector>

#include "contract/contract.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("deferral");

CONTRACT_CASE("after a rate limit the job waits in its old place, and nothing of its queue is claimed for a time")
{
    co_await s.add_each({"a", "b"});
    const auto job = co_await s.claim_one();
    co_await s.settle(s.putting_off(job, rate_limited{.wait = 5s}));
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::waiting);
    CHECK(read.position == job->position);
    CHECK(read.locked_until == std::nullopt);
    check_counters(read, 1, 0, 0, 1);
    s.pass(4999ms);
    const auto early = co_await s.settle_and_claim({}, 2);
    CHECK(early.claimed.empty());
    CHECK(early.next_due == s.now() + 1ms);
    CHECK_FALSE(early.drained);
    s.pass(1ms);
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"a", "b"});
}

CONTRACT_CASE("a queue rests from the very settlement that limits it")
{
    co_await s.add_each({"a", "b"});
    const auto job = co_await s.claim_one();
    const auto answer = co_await s.settle_and_claim({s.putting_off(job, rate_limited{.wait = 5s})}, 2);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == s.now() + 5s);
}

CONTRACT_CASE("a shorter rate limit does not end a longer one")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    co_await s.settle(s.putting_off(a, rate_limited{.wait = 10s}));
    co_await s.settle(s.putting_off(b, rate_limited{.wait = 1s}));
    s.pass(9999ms);
    const auto early = co_await s.settle_and_claim({}, 2);
    CHECK(early.claimed.empty());
    CHECK(early.next_due == s.now() + 1ms);
    s.pass(1ms);
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"a", "b"});
}

CONTRACT_CASE("a queue that rests takes adds and promotes what is due, and its running jobs end")
{
    const auto limited = co_await s.add_active("limited");
    const auto running = co_await s.add_active("running");
    co_await s.add("delayed", {.delay = 1s});
    co_await s.settle(s.putting_off(limited, rate_limited{.wait = 5s}));
    const auto added = co_await s.add_and_claim("new");
    CHECK(added.claimed.empty());
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({s.completion(running)}, 3);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    CHECK(waiting_ids(answer.news) == names{"delayed"});
    CHECK(answer.claimed.empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 3, .completed = 1});
}

CONTRACT_CASE("other queues do not rest")
{
    auto other = s.in("other");
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.putting_off(job, rate_limited{.wait = 5s}));
    co_await other.add("b");
    const auto claimed = co_await other.claim(1);
    CHECK(ids(claimed) == names{"b"});
}

CONTRACT_CASE("where nothing waits in a queue that rests, the next look is when a job is due and the rest is over")
{
    struct {
        milliseconds delay;
        milliseconds expected;
    } const cases[] = {{1s, 5s}, {5s, 5s}, {7s, 7s}};
    for (const auto& c : cases) {
        auto queue = s.in(std::to_string(c.delay.count()));
        const auto job = co_await queue.add_active("a");
        co_await queue.settle(queue.putting_off(job, rate_limited{.wait = 5s}));
        co_await queue.remove("a");
        const auto nothing = co_await queue.settle_and_claim({}, 1);
        CHECK(nothing.next_due == std::nullopt);
        co_await queue.add("delayed", {.delay = c.delay});
        const auto answer = co_await queue.settle_and_claim({}, 1);
        CHECK(answer.next_due == queue.now() + c.expected);
    }
}

CONTRACT_CASE("to resume a queue does not end its rest, and its rest does not end a pause")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.putting_off(job, rate_limited{.wait = 5s}));
    co_await s->set_paused(s.queue(), true);
    co_await s->set_paused(s.queue(), false);
    const auto resting = co_await s.claim(1);
    CHECK(resting.empty());
    co_await s->set_paused(s.queue(), true);
    s.pass(5s);
    const auto paused = co_await s.claim(1);
    CHECK(paused.empty());
    co_await s->set_paused(s.queue(), false);
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{"a"});
}

CONTRACT_CASE("a queue that is reset neither rests nor is paused, and keeps its jobs")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.putting_off(job, rate_limited{.wait = 1h}));
    co_await s->set_paused(s.queue(), true);
    co_await s.in("other")->set_paused("other", true);
    co_await s->reset_queue(s.queue());
    const auto paused = co_await s->is_paused(s.queue());
    CHECK_FALSE(paused);
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{"a"});
    const auto other = co_await s->is_paused("other");
    CHECK(other);
    co_await s->reset_queue("unknown");
    const auto counts = co_await s.in("unknown").counts();
    CHECK(counts == job_counts{});
}

TEST_SUITE_END();
