#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("retention");

namespace {

asio::awaitable<void> complete_each(subject s, std::vector<std::string> ids, retention keep)
{
    for (auto& id : ids) {
        const auto job = co_await s.add_active(std::move(id), {.on_completed = keep});
        (void)co_await s.settle(s.completion(job));
        s.pass(1ms);
    }
}

asio::awaitable<void> fail_each(subject s, std::vector<std::string> ids, retention keep)
{
    for (auto& id : ids) {
        const auto job = co_await s.add_active(std::move(id), {.on_failed = keep});
        (void)co_await s.settle(s.failing(job));
        s.pass(1ms);
    }
}

std::ptrdiff_t pruned_of(const sweep_answer& answer, const std::string& queue)
{
    const auto pruned = of(answer.news, cause::cleaned);
    return std::ranges::count_if(pruned, [&](const job_news& one) { return one.job->queue == queue; });
}

}  // namespace

CONTRACT_CASE("a job that is removed at once is gone with its settlement")
{
    auto completed = co_await s.add_active("completed", {.on_completed = retention::remove_at_once()});
    auto failed = co_await s.add_active("failed", {.on_failed = retention::remove_at_once()});
    co_await s->add_log(claim_of(completed), log_line{.at = s.now(), .text = "x"}, 10);
    const auto answer = co_await s.settle_and_claim({s.completion(completed), s.failing(failed)}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted, settled::accepted});
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
    const auto exists = co_await s.exists("completed");
    CHECK_FALSE(exists);
    const auto lines = co_await s.logs("completed");
    CHECK(lines == names{});
    const auto repeated = co_await s.settle(s.completion(completed));
    CHECK(repeated == settled::lost);
}

CONTRACT_CASE("retention is for the end: a failure with attempts left removes nothing")
{
    const auto job = co_await s.add_active("a", {.attempts = 2, .on_failed = retention::remove_at_once()});
    co_await s.settle(s.failing(job));
    const auto state_of_a = co_await s.state("a");
    CHECK(state_of_a == job_state::waiting);
}

CONTRACT_CASE("a finished job is removed at its age and not a millisecond before")
{
    const auto job = co_await s.add_active("a", {.on_completed = retention::keep_for(10s)});
    s.pass(5s);
    co_await s.settle(s.completion(job));
    s.pass(9999ms);
    const auto early = co_await s.sweep();
    CHECK(of(early.news, cause::cleaned).empty());
    const auto exists = co_await s.exists("a");
    CHECK(exists);
    s.pass(1ms);
    const auto due = co_await s.sweep();
    CHECK(pruned_of(due, "q") == 1);
    CHECK_FALSE(due.more);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
    const auto again = co_await s.sweep();
    CHECK(of(again.news, cause::cleaned).empty());
}

CONTRACT_CASE("a completed job and a failed one have each their own age")
{
    const job_options options{.on_completed = retention::keep_for(1s), .on_failed = retention::keep_for(5s)};
    const auto completed = co_await s.add_active("completed", options);
    const auto failed = co_await s.add_active("failed", options);
    co_await s.settle(s.completion(completed));
    co_await s.settle(s.failing(failed));
    s.pass(1s);
    co_await s.sweep();
    const auto order = co_await s.list({});
    CHECK(order == names{"failed"});
    s.pass(4s);
    co_await s.sweep();
    const auto order_after = co_await s.list({});
    CHECK(order_after == names{});
}

CONTRACT_CASE("a job without retention is kept for ever")
{
    co_await complete_each(s, {"a"}, retention::keep_all());
    co_await fail_each(s, {"b"}, retention::keep_all());
    s.pass(std::chrono::hours{24 * 365 * 50});
    const auto answer = co_await s.sweep();
    CHECK(of(answer.news, cause::cleaned).empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.completed = 1, .failed = 1});
}

CONTRACT_CASE("a retention of ten thousand years is no number that overflows")
{
    co_await complete_each(s, {"a"}, retention::keep_for(seconds{10'000LL * 366 * 24 * 3600}));
    s.pass(1h);
    const auto answer = co_await s.sweep();
    CHECK(of(answer.news, cause::cleaned).empty());
    const auto exists = co_await s.exists("a");
    CHECK(exists);
}

CONTRACT_CASE("jobs that are waiting, delayed or active have no age")
{
    co_await s.add_active("active", {.on_completed = retention::keep_for(0s)});
    co_await s.add("waiting", {.on_completed = retention::keep_for(0s)});
    co_await s.add("delayed", {.delay = 48h, .on_failed = retention::keep_last(0)});
    s.pass(24h);
    const auto answer = co_await s.sweep();
    CHECK(of(answer.news, cause::cleaned).empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1, .delayed = 1, .active = 1});
}

CONTRACT_CASE("of the jobs with a count the newest are kept")
{
    co_await complete_each(s, {"a", "b", "c", "d", "e"}, retention::keep_last(2));
    const auto answer = co_await s.sweep();
    CHECK(pruned_of(answer, "q") == 3);
    const auto order = co_await s.list(job_state::completed);
    CHECK(order == names{"d", "e"});
    const auto again = co_await s.sweep();
    CHECK(of(again.news, cause::cleaned).empty());
}

CONTRACT_CASE("newest is who finished last, not who was added last")
{
    co_await s.add("a", {.on_completed = retention::keep_last(1)});
    co_await s.add("b", {.on_completed = retention::keep_last(1)});
    const auto jobs = co_await s.claim(2);
    REQUIRE(jobs.size() == 2);
    co_await s.settle(s.completion(jobs[1]));
    s.pass(1ms);
    co_await s.settle(s.completion(jobs[0]));
    co_await s.sweep();
    const auto order = co_await s.list({});
    CHECK(order == names{"a"});
}

CONTRACT_CASE("of jobs that finished in the same millisecond the ones added last are kept")
{
    for (const std::string id : {"a", "b", "c"})
        co_await s.add(id, {.on_completed = retention::keep_last(1)});
    const auto jobs = co_await s.claim(3);
    REQUIRE(jobs.size() == 3);
    std::vector<settlement> together;
    for (const std::size_t i : {2U, 0U, 1U})
        together.push_back(s.completion(jobs[i]));
    co_await s.settle_and_claim(std::move(together), 0);
    co_await s.sweep();
    const auto order = co_await s.list({});
    CHECK(order == names{"c"});
}

CONTRACT_CASE("a count of 0 keeps none, one of 1 the last")
{
    co_await complete_each(s, {"a", "b"}, retention::keep_last(0));
    co_await fail_each(s, {"c", "d"}, retention::keep_last(1));
    const auto answer = co_await s.sweep();
    CHECK(pruned_of(answer, "q") == 3);
    const auto order = co_await s.list({});
    CHECK(order == names{"d"});
}

CONTRACT_CASE("a count is of one state in one queue")
{
    auto other = s.in("other");
    co_await complete_each(s, {"a", "b"}, retention::keep_last(2));
    co_await fail_each(s, {"c", "d"}, retention::keep_last(2));
    co_await complete_each(other, {"e", "f"}, retention::keep_last(2));
    const auto answer = co_await s.sweep();
    CHECK(of(answer.news, cause::cleaned).empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.completed = 2, .failed = 2});
    const auto counts_after = co_await other.counts();
    CHECK(counts_after == job_counts{.completed = 2});
}

CONTRACT_CASE("jobs that are kept for ever count for those that are not")
{
    co_await complete_each(s, {"a"}, retention::keep_last(2));
    co_await complete_each(s, {"b"}, retention::keep_all());
    const auto early = co_await s.sweep();
    CHECK(of(early.news, cause::cleaned).empty());
    co_await complete_each(s, {"c"}, retention::keep_all());
    co_await s.sweep();
    const auto order = co_await s.list({});
    CHECK(order == names{"b", "c"});
}

CONTRACT_CASE("jobs that go by their age in the same sweep count for nobody")
{
    co_await complete_each(s, {"a"}, retention::keep_last(1));
    co_await complete_each(s, {"b"}, retention::keep_for(1s));
    s.pass(1s);
    const auto answer = co_await s.sweep();
    CHECK(pruned_of(answer, "q") == 1);
    const auto order = co_await s.list({});
    CHECK(order == names{"a"});
}

CONTRACT_CASE("with an age and a count, whichever comes first removes the job")
{
    const retention keep{.age = 10s, .count = 1};
    co_await complete_each(s, {"a", "b"}, keep);
    co_await s.sweep();
    const auto order = co_await s.list({});
    CHECK(order == names{"b"});
    s.pass(10s);
    co_await s.sweep();
    const auto order_after = co_await s.list({});
    CHECK(order_after == names{});
}

CONTRACT_CASE("a job that is not removed at once is left to the sweeps")
{
    co_await complete_each(s, {"a", "b", "c"}, retention{.age = 0s, .count = 0});
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.completed = 3});
    const auto answer = co_await s.sweep();
    CHECK(pruned_of(answer, "q") == 3);
}

CONTRACT_CASE("a sweep removes no more than its limit over all queues, and says that there may be more")
{
    auto other = s.in("other");
    co_await complete_each(s, {"a", "b", "c", "d"}, retention::keep_for(0s));
    co_await fail_each(other, {"e", "f", "g"}, retention::keep_last(0));
    s.pass(1s);
    std::ptrdiff_t pruned = 0;
    int sweeps = 0;
    for (bool more = true; more; ++sweeps) {
        REQUIRE(sweeps < 6);
        const auto answer = co_await s.sweep(2);
        const auto now = pruned_of(answer, "q") + pruned_of(answer, "other");
        CHECK(now <= 2);
        pruned += now;
        more = answer.more;
    }
    CHECK(pruned == 7);
    CHECK(sweeps == 4);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
    const auto counts_after = co_await other.counts();
    CHECK(counts_after == job_counts{});
}

CONTRACT_CASE("promotions and removals are limited each for itself")
{
    co_await complete_each(s, {"a", "b"}, retention::keep_for(0s));
    co_await s.add("c", {.delay = 1s});
    co_await s.add("d", {.delay = 1s});
    co_await s.add("e", {.delay = 1h});
    s.pass(1s);
    const auto answer = co_await s.sweep(2);
    CHECK(waiting_ids(answer.news).size() == 2);
    CHECK(pruned_of(answer, "q") == 2);
}

CONTRACT_CASE("the logs of a pruned job go with it, and its id is free")
{
    const auto job = co_await s.add_active("a", {.on_completed = retention::keep_for(1s)});
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "old"}, 10);
    co_await s.settle(s.completion(job));
    s.pass(1s);
    co_await s.sweep();
    const auto row = co_await s.add("a");
    CHECK_FALSE(row.duplicate);
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{});
}

TEST_SUITE_END();
