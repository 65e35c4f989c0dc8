// The cancellation of jobs that run.
#include <cstddef>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/cancelled.hpp"
#include "contract/contract.hpp"
#include "contract/renewing.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("cancel");

CONTRACT_CASE("an active job that is cancelled stays as it is, and its worker hears of it at each renewal")
{
    const auto job = co_await s.add_active("a");
    const auto before = co_await renew(s, job);
    CHECK(before.held);
    CHECK(before.cancelled == std::nullopt);
    auto expected = co_await s.get("a");
    const auto answer = co_await s.cancel("a", "no more");
    CHECK(answer.done());
    CHECK(answer.was == job_state::active);
    expected.cancelled = "no more";
    REQUIRE(answer.job != nullptr);
    CHECK(describe(*answer.job) == describe(expected));
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    for (int i = 0; i < 2; ++i) {
        const auto heard = co_await renew(s, job);
        CHECK(heard.held);
        CHECK(heard.cancelled == "no more");
    }
}

CONTRACT_CASE("a renewal names the cancelled jobs and no others")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    co_await s.cancel("b", "no more");
    std::vector<lock_extension> locks;
    for (const auto& job : {a, b})
        locks.push_back({.job = claim_by_id(job), .duration = 1s});
    const auto answers = co_await s->extend_locks(s.now(), std::move(locks));
    REQUIRE(answers.size() == 2);
    CHECK(answers[0].cancelled == std::nullopt);
    CHECK(answers[1].cancelled == "no more");
}

CONTRACT_CASE("each fenced write of a cancelled active job tells why, and only that of who holds the lock")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    for (const auto& why : {std::optional<std::string>{}, std::optional<std::string>{"no more"}}) {
        if (why)
            co_await s.cancel("a", *why);
        std::vector<fenced_write> writes;
        for (const auto& ref : {claim_of(a), claim_by_id(a)}) {
            writes.push_back(co_await s->update_progress(ref, "1"));
            writes.push_back(co_await s->update_data(ref, "2"));
            writes.push_back(co_await s->update_data(ref, '"' + std::string(1000, 'x') + '"'));
            writes.push_back(co_await s->add_log(ref, log_line{.at = s.now(), .text = "line"}, 10));
        }
        for (const auto& write : writes) {
            CHECK(write.stored);
            CHECK(write.cancelled == why);
        }
        const auto other = co_await s->update_progress(claim_of(b), "1");
        CHECK(other.stored);
        CHECK(other.cancelled == std::nullopt);
    }
    auto stale = claim_of(a);
    stale.token = b->token;
    const auto refused = co_await s->update_progress(stale, "1");
    CHECK_FALSE(refused.stored);
    CHECK(refused.cancelled == std::nullopt);
}

CONTRACT_CASE("which of the held locks are of cancelled jobs can be asked without a change")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    co_await s.add("waits");
    co_await s.cancel("b", "no more");
    auto stale = claim_of(b);
    stale.token = a->token;
    const auto before = co_await s.get("b");
    const std::vector<job_ref> asked{
        claim_of(a), claim_of(b), claim_by_id(b), stale, {.queue = "q", .id = "waits"}, {.queue = "q", .id = "none"}
    };
    const auto told = co_await s->cancellations(asked);
    using whys = std::vector<std::optional<std::string>>;
    CHECK(told == whys{std::nullopt, "no more", "no more", std::nullopt, std::nullopt, std::nullopt});
    const auto after = co_await s.get("b");
    CHECK(describe(after) == describe(before));
    const auto settled_first = co_await s.settle(s.release(b));
    CHECK(settled_first == settled::cancelled);
    const auto later = co_await s->cancellations(asked);
    CHECK(later == whys(asked.size()));
    auto of_none = asked;
    for (auto& ref : of_none)
        ref.queue = "no such queue";
    const auto elsewhere = co_await s->cancellations(of_none);
    CHECK(elsewhere == whys(asked.size()));
}

CONTRACT_CASE("a cancelled active job that fails with attempts left does not run again")
{
    const auto job = co_await s.add_active("a", {.attempts = 5, .backoff = backoff::fixed(1h)});
    co_await s.cancel("a", "no more");
    s.pass(2s);
    co_await check_ended(s, s.failing(job));
}

CONTRACT_CASE("a cancelled active job that is released does not run again")
{
    const auto job = co_await s.add_active("a");
    co_await s.cancel("a", "no more");
    co_await check_ended(s, s.release(job));
}

CONTRACT_CASE("a cancelled active job that is put off does not run again, and its queue does not rest")
{
    const deferral all[] = {delay_for{.wait = 1h}, delay_until{.at = s.now() + 1h}, rate_limited{.wait = 1h}};
    for (std::size_t i = 0; i < std::size(all); ++i) {
        auto queue = s.in(std::to_string(i));
        const auto job = co_await queue.add_active("a");
        co_await queue.cancel("a", "no more");
        co_await check_ended(queue, queue.putting_off(job, all[i]));
        co_await queue.add("b");
        const auto claimed = co_await queue.claim(1);
        CHECK(ids(claimed) == names{"b"});
    }
}

CONTRACT_CASE("a cancelled active job whose lock is taken away does not run again")
{
    auto job = co_await s.add_active("a", {.backoff = backoff::fixed(1h), .max_stalled_count = 5});
    co_await s.cancel("a", "no more");
    const auto rescued = co_await s.rescue(job);
    CHECK(rescued);
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::failed);
    CHECK(read.failed_reason == "cancelled: no more");
    CHECK(read.cancelled == std::nullopt);
    check_counters(read, 1, 1, 1);
    CHECK(read.attempts.size() == 1);
    const auto late = co_await s.settle(s.completion(job));
    CHECK(late == settled::lost);
}

CONTRACT_CASE("a cancelled active job that completes is completed: it had ended before its worker heard of it")
{
    const auto job = co_await s.add_active("a");
    co_await s.cancel("a", "no more");
    const auto answer = co_await s.settle_and_claim({s.completion(job, "42")}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    CHECK(of(answer.news, cause::unfit).empty());
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::completed);
    CHECK(read.result == "42");
    CHECK(read.failed_reason == "");
    CHECK(read.cancelled == std::nullopt);
    check_counters(read, 1, 1, 0);
}

CONTRACT_CASE("a cancelled active job that fails for the last time keeps its own reason")
{
    const auto job = co_await s.add_active("a");
    co_await s.cancel("a", "no more");
    const auto answer = co_await s.settle(s.failing(job, "boom"));
    CHECK(answer == settled::accepted);
    const auto read = co_await s.get("a");
    CHECK(read.failed_reason == "boom");
    CHECK(read.cancelled == std::nullopt);
    check_counters(read, 1, 1, 0);
}

TEST_SUITE_END();
