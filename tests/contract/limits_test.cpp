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

TEST_SUITE_BEGIN("limits");

namespace {

asio::awaitable<void> allow(subject s, std::optional<int> jobs)
{
    return s->set(s.queue(), global_concurrency{.jobs = jobs});
}

}  // namespace

CONTRACT_CASE("a queue that nobody has set anything for has the default settings")
{
    const auto unknown = co_await s->settings("never seen");
    CHECK(unknown == queue_settings{});
    co_await s.add("a");
    const auto settings = co_await s->settings(s.queue());
    CHECK(settings == queue_settings{});
}

CONTRACT_CASE("each setting is kept as it was set, and beside the others")
{
    const rate_limit rate{.max = 7, .duration = 1'500ms};
    const group_options group{.concurrency = 1, .rate = rate_limit{.max = 2, .duration = 1h}, .keep_order = true};
    co_await allow(s, 3);
    co_await s->set(s.queue(), global_rate{.rate = rate});
    co_await s->set(s.queue(), group);
    co_await s->set(s.queue(), event_log{.events = 11});
    co_await s->set(s.queue(), metrics_log{.minutes = 13});
    (void)co_await s->set_paused(s.queue(), true);
    const queue_settings all{
        .paused = true, .concurrency = 3, .rate = rate, .group = group, .keep_events = 11, .keep_minutes = 13
    };
    const auto settings = co_await s->settings(s.queue());
    CHECK(settings == all);
    const auto other = co_await s->settings("other");
    CHECK(other == queue_settings{});
    co_await allow(s, std::nullopt);
    co_await s->set(s.queue(), global_rate{});
    co_await s->set(s.queue(), group_options{});
    co_await s->set(s.queue(), event_log{});
    const auto left = co_await s->settings(s.queue());
    CHECK(left == queue_settings{.paused = true, .keep_minutes = 13});
    co_await s->set(s.queue(), metrics_log{});
    const auto removed = co_await s->settings(s.queue());
    CHECK(removed == queue_settings{.paused = true});
}

CONTRACT_CASE("resetting a queue resets its settings")
{
    co_await allow(s, 1);
    co_await s->set(s.queue(), global_rate{.rate = rate_limit{}});
    co_await s->set(s.queue(), group_options{.concurrency = 1, .rate = rate_limit{}, .keep_order = true});
    co_await s->set(s.queue(), event_log{.events = 1});
    co_await s->set(s.queue(), metrics_log{.minutes = 1});
    co_await s->reset_queue(s.queue());
    const auto settings = co_await s->settings(s.queue());
    CHECK(settings == queue_settings{});
}

CONTRACT_CASE("no more jobs are active than the global concurrency, whoever claims them")
{
    co_await s.add_each({"a", "b", "c", "d"});
    co_await allow(s, 2);
    const auto first = co_await claimed_ids(s, 1);
    CHECK(first == names{"a"});
    const auto rest = co_await s.settle_and_claim({}, 10);
    CHECK(ids(rest.claimed) == names{"b"});
    CHECK(rest.limited);
    const auto none = co_await s.settle_and_claim({}, 10);
    CHECK(none.claimed.empty());
    CHECK(none.limited);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2, .active = 2});
}

CONTRACT_CASE("a claim that got all it asked for is not limited, nor is one of a queue without limits")
{
    co_await s.add_each({"a", "b"});
    const auto unlimited = co_await s.settle_and_claim({}, 1);
    CHECK_FALSE(unlimited.limited);
    const auto short_one = co_await s.settle_and_claim({}, 5);
    CHECK(ids(short_one.claimed) == names{"b"});
    CHECK_FALSE(short_one.limited);
    co_await allow(s, 3);
    co_await s.add("c");
    const auto all = co_await s.settle_and_claim({}, 1);
    CHECK(ids(all.claimed) == names{"c"});
    CHECK_FALSE(all.limited);
}

CONTRACT_CASE("a claim from a paused queue is not short because of a limit")
{
    co_await s.add("a");
    co_await allow(s, 1);
    (void)co_await s->set_paused(s.queue(), true);
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(answer.claimed.empty());
    CHECK_FALSE(answer.limited);
}

CONTRACT_CASE("the end of a job makes room in the claim that it comes with")
{
    co_await allow(s, 1);
    const auto a = co_await s.add_active("a");
    co_await s.add_each({"b", "c"});
    const auto next = co_await s.settle_and_claim({s.completion(a)}, 5);
    CHECK(ids(next.claimed) == names{"b"});
    const auto after_failure = co_await s.settle_and_claim({s.failing(next.claimed[0])}, 5);
    CHECK(ids(after_failure.claimed) == names{"c"});
}

CONTRACT_CASE("a job that is released, put back or tried again later takes no place")
{
    co_await allow(s, 1);
    const auto first = co_await s.add_active("a", {.attempts = 3, .backoff = backoff::fixed(1h)});
    (void)co_await s.settle(s.release(first));
    const auto again = co_await s.claim_one();
    CHECK(again->id == "a");
    (void)co_await s.settle(s.failing(again));
    co_await s.add("b");
    const auto next = co_await claimed_ids(s, 5);
    CHECK(next == names{"b"});
}

CONTRACT_CASE("a rescued job takes no place, and a lock that has run out does until then")
{
    co_await allow(s, 1);
    const auto dead = co_await s.add_active("dead");
    co_await s.add("next");
    s.pass(lock_duration + 1ms);
    const auto held = co_await claimed_ids(s, 5);
    CHECK(held == names{});
    const auto rescued = co_await s.rescue(dead);
    CHECK(rescued);
    const auto freed = co_await claimed_ids(s, 5);
    CHECK(freed == names{"dead"});
}

CONTRACT_CASE("an active job that is removed by force takes no place any more")
{
    co_await allow(s, 1);
    (void)co_await s.add_active("a");
    co_await s.add("b");
    const auto removed = co_await s.change("a", forced_removal{});
    CHECK(removed.done());
    const auto next = co_await claimed_ids(s, 5);
    CHECK(next == names{"b"});
}

CONTRACT_CASE("a limit that is lowered ends nothing, and holds as soon as enough jobs have ended")
{
    co_await s.add_each({"a", "b", "c", "d"});
    const auto active = co_await s.claim(3);
    co_await allow(s, 2);
    const auto over = co_await s.settle_and_claim({s.completion(active[0])}, 5);
    CHECK(over.claimed.empty());
    const auto under = co_await s.settle_and_claim({s.completion(active[1])}, 5);
    CHECK(ids(under.claimed) == names{"d"});
}

CONTRACT_CASE("a limit that is raised or taken away lets the next claim take more")
{
    co_await s.add_each({"a", "b", "c", "d"});
    co_await allow(s, 1);
    (void)co_await s.claim(5);
    co_await allow(s, 2);
    const auto raised = co_await claimed_ids(s, 5);
    CHECK(raised == names{"b"});
    co_await allow(s, std::nullopt);
    const auto removed = co_await claimed_ids(s, 5);
    CHECK(removed == names{"c", "d"});
}

CONTRACT_CASE("the limit of one queue is not that of another")
{
    auto other = s.in("other");
    co_await allow(s, 1);
    (void)co_await s.add_active("a");
    co_await other.add_each({"b", "c"});
    const auto claimed = co_await claimed_ids(other, 5);
    CHECK(claimed == names{"b", "c"});
}

CONTRACT_CASE("an add takes its own job or another one only where the global concurrency has room")
{
    co_await allow(s, 1);
    const auto first = co_await s.add_and_claim("a");
    CHECK(ids(first.claimed) == names{"a"});
    const auto second = co_await s.add_and_claim("b");
    CHECK(second.claimed.empty());
    CHECK(second.rows.front().job->state == job_state::waiting);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1, .active = 1});
}

CONTRACT_CASE("the best job gets the place that is left")
{
    co_await s.add("late", {.priority = 9});
    co_await s.add("soon", {.priority = 1});
    co_await allow(s, 1);
    const auto claimed = co_await claimed_ids(s, 5);
    CHECK(claimed == names{"soon"});
}

CONTRACT_CASE("jobs that have expired end within a limit too, and take none of its places")
{
    co_await s.add("old", {.ttl = 1s});
    co_await s.add("new");
    co_await allow(s, 1);
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({}, 2);
    CHECK(ids(of(answer.news, cause::unfit)) == names{"old"});
    CHECK(ids(answer.claimed) == names{"new"});
}

CONTRACT_CASE("where there is no place left, a claim still tells when the next delayed job is due")
{
    co_await allow(s, 1);
    (void)co_await s.add_active("a");
    co_await s.add("b", {.delay = 2s});
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == s.now() + 2s);
}

TEST_SUITE_END();
