#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <iterator>
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

TEST_SUITE_BEGIN("cancel");

namespace {

asio::awaitable<renewal> renew(subject s, job_snapshot job)
{
    std::vector<lock_extension> locks{{.job = claim_of(job), .duration = lock_duration}};
    const auto answers = co_await s->extend_locks(s.now(), std::move(locks));
    REQUIRE(answers.size() == 1);
    co_return answers.front();
}

/// Ends the attempt of a job that was cancelled meanwhile, and checks that it does not run again.
asio::awaitable<void> check_ended(subject s, settlement end, int deferrals = 0)
{
    const auto answer = co_await s.settle_and_claim({end}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::cancelled});
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == std::nullopt);
    CHECK(answer.drained);
    REQUIRE(ids(of(answer.news, cause::unfit)) == names{"a"});
    const auto read = co_await s.get("a");
    auto shown = read;
    shown.attempts.clear();
    CHECK(describe(*of(answer.news, cause::unfit)[0].job) == describe(shown));
    CHECK(read.state == job_state::failed);
    CHECK(read.failed_reason == "cancelled: no more");
    CHECK(read.cancelled == std::nullopt);
    CHECK(read.finished_at == s.now());
    CHECK(read.run_at == std::nullopt);
    CHECK(read.locked_until == std::nullopt);
    check_counters(read, 1, 1, 0, deferrals);
    REQUIRE(read.attempts.size() == 1);
    CHECK(read.attempts[0].number == 1);
    CHECK(read.attempts[0].error.message == "cancelled: no more");
    CHECK(read.attempts[0].error.type == "cofila::cancelled");
    CHECK(read.attempts[0].worker == worker_id);
    const auto repeated = co_await s.settle(end);
    CHECK(repeated == settled::already);
}

}  // namespace

CONTRACT_CASE("a waiting job that is cancelled fails with the reason, and no attempt is counted")
{
    co_await s.add("a");
    auto expected = co_await s.get("a");
    s.pass(3s);
    const auto answer = co_await s.cancel("a", "no more");
    CHECK(answer.done());
    CHECK(answer.was == job_state::waiting);
    expected.state = job_state::failed;
    expected.failed_reason = "cancelled: no more";
    expected.finished_at = s.now();
    REQUIRE(answer.job != nullptr);
    CHECK(describe(*answer.job) == describe(expected));
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    const auto claimed = co_await s.claim(1);
    CHECK(claimed.empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.failed = 1});
}

CONTRACT_CASE("a delayed job that is cancelled fails, and is not due any more")
{
    co_await s.add("a", {.delay = 1s});
    const auto answer = co_await s.cancel("a", "no more");
    CHECK(answer.was == job_state::delayed);
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::failed);
    CHECK(read.run_at == std::nullopt);
    check_counters(read, 0, 0, 0);
    s.pass(1s);
    const auto later = co_await s.settle_and_claim({}, 1);
    CHECK(waiting_ids(later.news).empty());
    CHECK(later.next_due == std::nullopt);
    const auto swept = co_await s.sweep();
    CHECK(waiting_ids(swept.news).empty());
}

CONTRACT_CASE("a job that waits again after a failed attempt keeps it when it is cancelled")
{
    const auto job = co_await s.add_active("a", {.attempts = 2, .backoff = backoff::fixed(1h)});
    co_await s.settle(s.failing(job, "boom"));
    co_await s.cancel("a", "no more");
    const auto read = co_await s.get("a");
    CHECK(read.failed_reason == "cancelled: no more");
    check_counters(read, 1, 1, 0);
    REQUIRE(read.attempts.size() == 1);
    CHECK(read.attempts[0].error.message == "boom");
}

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

CONTRACT_CASE("a renewal tells of the jobs that were cancelled and of no others")
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

CONTRACT_CASE("the last of several reasons counts")
{
    const auto job = co_await s.add_active("a");
    co_await s.cancel("a", "first");
    co_await s.cancel("a", "no more");
    const auto heard = co_await renew(s, job);
    CHECK(heard.cancelled == "no more");
    co_await check_ended(s, s.release(job));
}

CONTRACT_CASE("a cancelled job can be retried, and is not cancelled any more")
{
    co_await s.add("waited");
    co_await s.cancel("waited", "no more");
    const auto job = co_await s.add_active("ran");
    co_await s.cancel("ran", "no more");
    co_await s.settle(s.release(job));
    for (const auto* id : {"waited", "ran"}) {
        co_await s.retry(id, {});
        const auto again = co_await s.claim_one();
        REQUIRE(again->id == job_id{id});
        check_counters(*again, again->id == job_id{"ran"} ? 2 : 1, 0, 0);
        const auto heard = co_await renew(s, again);
        CHECK(heard.cancelled == std::nullopt);
        const auto ended = co_await s.settle(s.release(again));
        CHECK(ended == settled::accepted);
        co_await s.remove(id);
    }
}

CONTRACT_CASE("a cancelled job is kept or removed as a failed job is")
{
    const job_options gone{.on_failed = retention::remove_at_once()};
    co_await s.add("waiting", gone);
    const auto waiting = co_await s.cancel("waiting", "no more");
    CHECK(waiting.done());
    CHECK(waiting.job == nullptr);
    const auto job = co_await s.add_active("active", gone);
    co_await s.cancel("active", "no more");
    const auto answer = co_await s.settle_and_claim({s.release(job)}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::cancelled});
    CHECK(ids(of(answer.news, cause::unfit)) == names{"active"});
    CHECK(of(answer.news, cause::unfit)[0].job->failed_reason == "cancelled: no more");
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});

    co_await s.add("kept", {.on_failed = retention::keep_for(10s)});
    co_await s.cancel("kept", "no more");
    s.pass(10s);
    co_await s.sweep();
    const auto exists = co_await s.exists("kept");
    CHECK_FALSE(exists);
}

CONTRACT_CASE("a reason that is too long is cut, one that is no text is made one")
{
    const auto job = co_await s.add_active("active");
    co_await s.add("waiting");
    for (const auto& why : {std::string(100'000, 'x'), std::string{"\xFF"}}) {
        co_await s.cancel("active", why);
        const auto heard = co_await renew(s, job);
        REQUIRE(heard.cancelled);
        CHECK(heard.cancelled->size() <= 65'536);
        CHECK(*heard.cancelled != why);
    }
    co_await s.cancel("waiting", std::string(100'000, 'x'));
    const auto read = co_await s.get("waiting");
    CHECK(read.failed_reason.size() <= 65'536);
    CHECK(read.failed_reason.starts_with("cancelled: " + std::string(1000, 'x')));
}

TEST_SUITE_END();
