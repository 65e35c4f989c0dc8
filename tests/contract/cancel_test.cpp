#include <optional>
#include <string>
#include <vector>

#include "contract/cancelled.hpp"
#include "contract/contract.hpp"
#include "contract/renewing.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("cancel");

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
