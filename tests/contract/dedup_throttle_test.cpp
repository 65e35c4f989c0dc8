#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;
using mode = deduplication::mode;

TEST_SUITE_BEGIN("deduplication for a time");

namespace {

job_options throttled(milliseconds ttl, mode how = mode::throttle)
{
    return {.dedup = deduplication{.id = "d", .how = how, .ttl = ttl}};
}

asio::awaitable<bool> is_free(subject s, std::string id, mode how = mode::throttle)
{
    const auto row = co_await s.add(std::move(id), throttled(10s, how));
    co_return !row.deduplicated_by;
}

/// "a" has been completed, with that retention, and owns the deduplication id for 10 s from the start.
asio::awaitable<void> complete_one(subject s, retention keep)
{
    auto options = throttled(10s);
    options.on_completed = keep;
    const auto job = co_await s.add_active("a", options);
    (void)co_await s.settle(s.completion(job));
}

}  // namespace

CONTRACT_CASE("a throttle holds for its time to the millisecond, whatever became of its owner")
{
    const auto job = co_await s.add_active("a", throttled(10s));
    (void)co_await s.settle(s.completion(job));
    s.pass(9'999ms);
    const auto early = co_await is_free(s, "b");
    CHECK_FALSE(early);
    s.pass(1ms);
    const auto in_time = co_await is_free(s, "b");
    CHECK(in_time);
    const auto next = co_await is_free(s, "c");
    CHECK_FALSE(next);
}

CONTRACT_CASE("a throttle ends with its time, also where its owner has not begun")
{
    (void)co_await s.add("a", throttled(10s));
    s.pass(10s);
    const auto row = co_await s.add("b", throttled(10s));
    CHECK_FALSE(row.deduplicated_by);
    CHECK(of(row.news, cause::replaced).empty());
    const auto a = co_await s.get("a");
    CHECK_FALSE(a.holds_dedup);
    const auto claimed = co_await s.claim(5);
    CHECK(ids(claimed) == names{"a", "b"});
    (void)co_await s.settle(s.completion(claimed[0]));
    const auto owned_by_b = co_await s.add("c", throttled(10s));
    CHECK(owned_by_b.deduplicated_by == job_id{"b"});
}

CONTRACT_CASE("adds that a throttle refused do not make it longer")
{
    (void)co_await s.add("a", throttled(10s));
    s.pass(6s);
    const auto refused = co_await is_free(s, "b");
    CHECK_FALSE(refused);
    s.pass(4s);
    const auto free = co_await is_free(s, "c");
    CHECK(free);
}

CONTRACT_CASE("with extend each refused add begins the time anew, before and after the end of its owner")
{
    const auto job = co_await s.add_active("a", throttled(10s, mode::extend));
    s.pass(6s);
    const auto row = co_await s.add("b", throttled(10s, mode::extend));
    CHECK(row.deduplicated_by == job_id{"a"});
    CHECK(row.job->dedup_until == s.now() + 10s);
    (void)co_await s.settle(s.completion(job));
    s.pass(9'999ms);
    const auto again = co_await is_free(s, "c", mode::extend);
    CHECK_FALSE(again);
    s.pass(9'999ms);
    const auto early = co_await is_free(s, "d");
    CHECK_FALSE(early);
    s.pass(1ms);
    const auto in_time = co_await is_free(s, "e");
    CHECK(in_time);
}

CONTRACT_CASE("an extension takes the time of the add that asks for it")
{
    (void)co_await s.add("a", throttled(10s, mode::extend));
    (void)co_await s.add("b", throttled(2s, mode::extend));
    s.pass(2s);
    const auto free = co_await is_free(s, "c");
    CHECK(free);
}

CONTRACT_CASE("a throttle without end is kept")
{
    const auto row = co_await s.add("a", throttled(milliseconds::max()));
    CHECK(row.job->dedup_until == time_point::max());
    s.pass(24h * 365'000);
    const auto free = co_await is_free(s, "b");
    CHECK_FALSE(free);
}

CONTRACT_CASE("a job that is to be removed at once stays as long as it holds its deduplication id")
{
    co_await complete_one(s, retention::remove_at_once());
    const auto kept = co_await s.get("a");
    CHECK(kept.state == job_state::completed);
    CHECK(kept.holds_dedup);
    s.pass(9'999ms);
    const auto early = co_await s.sweep();
    CHECK(of(early.news, cause::cleaned).empty());
    const auto refused = co_await is_free(s, "b");
    CHECK_FALSE(refused);
    s.pass(1ms);
    const auto late = co_await s.sweep();
    CHECK(of(late.news, cause::cleaned).size() == 1);
    const auto exists = co_await s.exists("a");
    CHECK_FALSE(exists);
}

CONTRACT_CASE("a job that is older than its retention stays as long as it holds its deduplication id")
{
    co_await complete_one(s, retention::keep_for(1s));
    s.pass(9'999ms);
    (void)co_await s.sweep();
    const auto refused = co_await is_free(s, "b");
    CHECK_FALSE(refused);
    s.pass(1ms);
    (void)co_await s.sweep();
    const auto exists = co_await s.exists("a");
    CHECK_FALSE(exists);
}

CONTRACT_CASE("a job that is one too many stays as long as it holds its deduplication id")
{
    co_await complete_one(s, retention::keep_last(1));
    s.pass(1ms);
    const auto newer = co_await s.add_active("newer", {.on_completed = retention::keep_last(1)});
    (void)co_await s.settle(s.completion(newer));
    (void)co_await s.sweep();
    const auto refused = co_await is_free(s, "b");
    CHECK_FALSE(refused);
    s.pass(10s);
    (void)co_await s.sweep();
    const auto left = co_await s.list(job_state::completed);
    CHECK(left == names{"newer"});
}

CONTRACT_CASE("a time that is extended keeps its finished owner longer")
{
    auto options = throttled(10s, mode::extend);
    options.on_completed = retention::remove_at_once();
    const auto job = co_await s.add_active("a", options);
    (void)co_await s.settle(s.completion(job));
    s.pass(9s);
    const auto refused = co_await is_free(s, "b", mode::extend);
    CHECK_FALSE(refused);
    s.pass(9'999ms);
    (void)co_await s.sweep();
    const auto still_there = co_await s.exists("a");
    CHECK(still_there);
    s.pass(1ms);
    (void)co_await s.sweep();
    const auto gone = co_await s.exists("a");
    CHECK_FALSE(gone);
}

CONTRACT_CASE("a job that is removed by hand holds nothing, also where its time is not over")
{
    co_await complete_one(s, retention::keep_for(1h));
    const auto removed = co_await s.remove("a");
    CHECK(removed.done());
    const auto exists = co_await s.exists("a");
    CHECK_FALSE(exists);
    const auto free = co_await is_free(s, "b");
    CHECK(free);
    const auto all = co_await s.change_all({.state = job_state::waiting}, removal{});
    CHECK(all == names{"b"});
    const auto free_again = co_await is_free(s, "c");
    CHECK(free_again);
}

CONTRACT_CASE("a job that runs again within its time still owns its deduplication id")
{
    co_await complete_one(s, retention::keep_for(1h));
    s.pass(1s);
    const auto retried = co_await s.retry("a", {});
    CHECK(retried.done());
    const auto refused = co_await is_free(s, "b");
    CHECK_FALSE(refused);
    s.pass(9s);
    const auto free = co_await is_free(s, "c");
    CHECK(free);
}

CONTRACT_CASE("a failed owner that is to be removed at once stays as long as it holds its deduplication id")
{
    auto options = throttled(10s);
    options.on_failed = retention::remove_at_once();
    const auto job = co_await s.add_active("a", options);
    (void)co_await s.settle(s.failing(job));
    const auto state = co_await s.state("a");
    CHECK(state == job_state::failed);
    const auto refused = co_await is_free(s, "b");
    CHECK_FALSE(refused);
    s.pass(10s);
    (void)co_await s.sweep();
    const auto exists = co_await s.exists("a");
    CHECK_FALSE(exists);
}

TEST_SUITE_END();
