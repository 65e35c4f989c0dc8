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

TEST_SUITE_BEGIN("bulk");

namespace {

const job_filter all_waiting{.state = job_state::waiting};
const job_filter all_delayed{.state = job_state::delayed};
const job_filter all_active{.state = job_state::active};
const job_filter all_failed{.state = job_state::failed};

std::string numbered(int number) { return std::to_string(1000 + number); }

names numbers(int from, int to)
{
    names out;
    for (; from < to; ++from)
        out.push_back(numbered(from));
    return out;
}

asio::awaitable<void> add_numbered(subject s, int count, job_options options = {})
{
    std::vector<job_draft> jobs;
    for (int i = 0; i < count; ++i)
        jobs.push_back(s.make(numbered(i), options));
    (void)co_await s->add(std::move(jobs));
}

/// They fail one a second.
asio::awaitable<void> fail_numbered(subject s, int count, job_options options = {})
{
    for (int i = 0; i < count; ++i) {
        const auto job = co_await s.add_active(numbered(i), options);
        s.pass(1s);
        (void)co_await s.settle(s.failing(job));
    }
}

}  // namespace

CONTRACT_CASE("all jobs of a state are changed, page by page, in the order of their listing")
{
    for (const int page_size : {1, 3, 10, 25, 1000}) {
        auto queue = s.in("pages of " + std::to_string(page_size));
        co_await add_numbered(queue, 25);
        const auto removed = co_await queue.change_all(all_waiting, removal{}, page_size);
        CHECK(removed == numbers(0, 25));
        const auto counts = co_await queue.counts();
        CHECK(counts == job_counts{});
    }
}

CONTRACT_CASE("a page changes no more than its limit, and its end says where to go on")
{
    co_await add_numbered(s, 10);
    const auto first = co_await s->change_all(s.queue(), all_waiting, {.limit = 4}, removal{}, s.now());
    CHECK(ids(first.news) == numbers(0, 4));
    REQUIRE(first.next != "");
    const auto left = co_await s.counts();
    CHECK(left == job_counts{.waiting = 6});
    const page_request rest{.after = first.next, .limit = 100};
    const auto second = co_await s->change_all(s.queue(), all_waiting, rest, removal{}, s.now());
    CHECK(ids(second.news) == numbers(4, 10));
    CHECK(second.next == "");
}

CONTRACT_CASE("what was interrupted can be begun anew: nothing is done twice, and nothing is left out")
{
    co_await fail_numbered(s, 10);
    const auto first = co_await s->change_all(s.queue(), all_failed, {.limit = 4}, retrial{}, s.now());
    CHECK(ids(first.news) == numbers(0, 4));
    const auto again = co_await s.change_all(all_failed, retrial{}, 4);
    CHECK(again == numbers(4, 10));
    const auto nothing = co_await s.change_all(all_failed, retrial{}, 4);
    CHECK(nothing == names{});
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 10});
}

CONTRACT_CASE("all that is delayed is promoted, and runs in the order of its adds")
{
    for (int i = 0; i < 5; ++i)
        co_await s.add(numbered(i), {.delay = seconds{100 - i}});
    co_await s.add("waits");
    const auto promoted = co_await s.change_all(all_delayed, promotion{}, 2);
    CHECK(promoted == names{numbered(4), numbered(3), numbered(2), numbered(1), numbered(0)});
    const auto claimed = co_await s.claim(10);
    auto expected = numbers(0, 5);
    expected.push_back("waits");
    CHECK(ids(claimed) == expected);
    for (const auto& job : claimed) {
        CHECK(job->run_at == std::nullopt);
        check_counters(*job, 1, 0, 0);
    }
}

CONTRACT_CASE("all that failed is retried, in the order in which it failed, with its attempts or without")
{
    for (const bool keep : {false, true}) {
        auto queue = s.in(keep ? "keep" : "forget");
        co_await fail_numbered(queue, 5);
        const retrial what{.options = {.keep_attempts = keep}};
        const auto retried = co_await queue.change_all(all_failed, what, 2);
        CHECK(retried == numbers(0, 5));
        const auto claimed = co_await queue.claim(10);
        CHECK(ids(claimed) == numbers(0, 5));
        for (const auto& job : claimed)
            check_counters(*job, 2, keep ? 1 : 0, 0);
    }
}

CONTRACT_CASE("all that waits is cancelled, and what is to be removed at once is gone")
{
    co_await add_numbered(s, 5, {.on_failed = retention::remove_at_once()});
    co_await s.add("kept");
    const auto changed = co_await s.change_all(all_waiting, cancellation{.why = "no more"}, 2);
    auto expected = numbers(0, 5);
    expected.push_back("kept");
    CHECK(changed == expected);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.failed = 1});
    const auto kept = co_await s.get("kept");
    CHECK(kept.failed_reason == "cancelled: no more");
}

CONTRACT_CASE("jobs whose state does not allow the change are passed over")
{
    co_await add_numbered(s, 5);
    const auto claimed = co_await s.claim(5);
    const auto removed = co_await s.change_all(all_active, removal{}, 2);
    CHECK(removed == names{});
    const auto retried = co_await s.change_all(all_active, retrial{}, 2);
    CHECK(retried == names{});
    for (const auto& job : claimed) {
        const auto read = co_await s.get(job->id.str());
        CHECK(describe(read) == describe(*job));
    }
    const auto forced = co_await s.change_all(all_active, forced_removal{}, 2);
    CHECK(forced == numbers(0, 5));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
    const auto answer = co_await s.settle(s.completion(claimed[0]));
    CHECK(answer == settled::lost);
}

CONTRACT_CASE("the workers of all active jobs can be asked to end them")
{
    co_await add_numbered(s, 3);
    const auto claimed = co_await s.claim(3);
    const auto asked = co_await s.change_all(all_active, cancellation{.why = "no more"}, 2);
    CHECK(asked == numbers(0, 3));
    std::vector<lock_extension> locks;
    for (const auto& job : claimed)
        locks.push_back({.job = claim_of(job), .duration = 1s});
    const auto renewed = co_await s->extend_locks(s.now(), std::move(locks));
    for (const auto& one : renewed) {
        CHECK(one.held);
        CHECK(one.cancelled == "no more");
    }
}

CONTRACT_CASE("finished jobs are removed by their age: before a time, since a time, between two")
{
    const auto start = s.now();
    struct {
        const char* name;
        std::optional<time_point> since;
        std::optional<time_point> before;
        names expected;
    } const cases[] = {
        {"before", {}, start + 3s, numbers(0, 2)},
        {"since", start + 3s, {}, numbers(2, 6)},
        {"between", start + 2s, start + 5s, numbers(1, 4)},
        {"none", start + 7s, {}, {}},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        subject of_its_own = s.in(c.name);
        const auto late = of_its_own.now() - start;
        co_await fail_numbered(of_its_own, 6);
        job_filter filter = all_failed;
        if (c.since)
            filter.since = *c.since + late;
        if (c.before)
            filter.before = *c.before + late;
        const auto removed = co_await of_its_own.change_all(filter, removal{}, 2);
        CHECK(removed == c.expected);
        const auto left = co_await of_its_own.counts();
        CHECK(left.failed == 6 - c.expected.size());
    }
}

CONTRACT_CASE("only what the filter lets through is changed")
{
    for (int i = 0; i < 6; ++i)
        co_await s.add(numbered(i), {.tags = {{"tenant", i % 2 == 0 ? "a" : "b"}}});
    auto filter = all_waiting;
    filter.tag = tag{.key = "tenant", .value = "b"};
    const auto removed = co_await s.change_all(filter, removal{}, 1);
    CHECK(removed == names{numbered(1), numbered(3), numbered(5)});
    const auto left = co_await s.list({});
    CHECK(left == names{numbered(0), numbered(2), numbered(4)});
}

CONTRACT_CASE("jobs of other queues and of other states are left alone")
{
    auto other = s.in("other");
    co_await other.add_one_in_each_state();
    co_await s.add_one_in_each_state();
    const auto removed = co_await s.change_all(all_waiting, removal{});
    CHECK(removed == names{"waiting"});
    const auto here = co_await s.counts();
    CHECK(here == job_counts{.delayed = 1, .active = 1, .completed = 1, .failed = 1});
    const auto there = co_await other.counts();
    CHECK(there == job_counts{.waiting = 1, .delayed = 1, .active = 1, .completed = 1, .failed = 1});
}

CONTRACT_CASE("a cursor of another listing is refused, and nothing is changed")
{
    co_await add_numbered(s, 3);
    const auto page = co_await s->list(s.queue(), all_waiting, {.limit = 1});
    for (const auto& after : {page.next, std::string{"no cursor"}}) {
        const page_request request{.after = after};
        const auto e = co_await error_of(s->change_all(s.queue(), all_failed, request, removal{}, s.now()));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "after");
    }
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 3});
}

CONTRACT_CASE("thousands are removed")
{
    co_await add_numbered(s, 2500);
    const auto removed = co_await s.change_all(all_waiting, removal{}, 1000);
    CHECK(removed == numbers(0, 2500));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
}

CONTRACT_CASE("an unknown queue has nothing to change")
{
    const auto changed = co_await s.in("unknown").change_all(all_waiting, removal{});
    CHECK(changed == names{});
}

TEST_SUITE_END();
