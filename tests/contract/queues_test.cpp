#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("queues");

CONTRACT_CASE("the queues that have a job are listed by name, in pages, in both directions")
{
    auto all = co_await s.queues();
    CHECK(all == names{});
    for (const auto* name : {"b", "a", "\xC3\xA9", "B", "a b", "it's \"one\""})
        co_await s.in(name).add("x");
    const names expected{"B", "a", "a b", "b", "it's \"one\"", "\xC3\xA9"};
    const names backwards(expected.rbegin(), expected.rend());
    for (const int size : {1, 2, 3, 6, 100}) {
        all = co_await s.queues(size);
        CHECK(all == expected);
        all = co_await s.queues(size, true);
        CHECK(all == backwards);
    }
}

CONTRACT_CASE("a queue whose last job is gone is not listed any more, unless something is set for it")
{
    auto q = s.in("jobs");
    const auto job = co_await q.add_active("a", {.on_completed = retention::remove_at_once()});
    auto all = co_await s.queues();
    CHECK(all == names{"jobs"});
    co_await q.settle(q.completion(job));
    all = co_await s.queues();
    CHECK(all == names{});
    co_await s->set_paused("paused", true);
    co_await s->set("concurrency", global_concurrency{.jobs = 1});
    co_await s->set("rate", global_rate{.rate = rate_limit{}});
    co_await s->set("group concurrency", group_options{.concurrency = 2});
    co_await s->set("group rate", group_options{.rate = rate_limit{}});
    co_await s->set("events", event_log{.events = 1});
    co_await s->set("metrics", metrics_log{.minutes = 1});
    const names set{"concurrency", "events", "group concurrency", "group rate", "metrics", "paused", "rate"};
    all = co_await s.queues();
    CHECK(all == set);
    for (const auto& name : set)
        co_await s->reset_queue(name);
    all = co_await s.queues();
    CHECK(all == names{});
}

CONTRACT_CASE("looking at a queue does not make it")
{
    auto unknown = s.in("unknown");
    (void)co_await unknown.counts();
    (void)co_await unknown.list({});
    (void)co_await s->settings("unknown");
    (void)co_await s->is_paused("unknown");
    (void)co_await s->metrics("unknown", s.now(), {});
    (void)co_await unknown.cancel("a", "why");
    const auto all = co_await s.queues();
    CHECK(all == names{});
}

CONTRACT_CASE("a queue is listed with its settings")
{
    co_await s.add("a");
    co_await s->set_paused(s.queue(), true);
    co_await s->set(s.queue(), event_log{.events = 3});
    const auto page = co_await s->queues({});
    REQUIRE(page.items.size() == 1);
    CHECK(page.items[0].name == s.queue());
    CHECK(page.items[0].settings == queue_settings{.paused = true, .keep_events = 3});
}

CONTRACT_CASE("a cursor of another listing is refused by that of queues, naming the field")
{
    co_await s.add_each({"a", "b"});
    const auto jobs = co_await s->list(s.queue(), {}, {.limit = 1});
    for (const auto& cursor : {jobs.next, std::string{"x"}}) {
        const auto refused = co_await error_of(s->queues({.after = cursor}));
        CHECK(refused.code == errc::invalid_argument);
        CHECK(refused.field == "after");
    }
}

TEST_SUITE_END();
