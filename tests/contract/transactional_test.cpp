// Completions in a transaction of the application's own, and what the worker learns about them.
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "contract/renewing.hpp"
#include "domain/transitions.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("transactional");

namespace {

/// As the transaction of the application does.
asio::awaitable<void> complete_within(subject s, job_snapshot job, std::string result)
{
    settlement end{
        .job = claim_of(job), .change = domain::after_transactional_success(*job, std::move(result), s.now())
    };
    const auto answer = co_await s.settle(std::move(end));
    REQUIRE(answer == settled::accepted);
}

}  // namespace

CONTRACT_CASE("a settlement of a job that its token has completed before is told what was stored, and changes nothing")
{
    const auto job = co_await s.add_active("a", {.attempts = 3});
    co_await complete_within(s, job, "42");
    const auto before = co_await s.get("a");
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({s.failing(job)}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::already});
    REQUIRE(ids(of(answer.news, cause::completed)) == names{"a"});
    CHECK(of(answer.news, cause::completed)[0].job->result == "42");
    CHECK(of(answer.news, cause::completed)[0].job->key == job->key);
    CHECK(answer.drained);
    const auto after = co_await s.get("a");
    CHECK(describe(after) == describe(before));
    check_counters(after, 1, 1, 0);
}

CONTRACT_CASE("each of several settlements in one call gets the result for its own job")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    const auto c = co_await s.add_active("c");
    co_await complete_within(s, a, "1");
    co_await complete_within(s, c, "3");
    const auto answer = co_await s.settle_and_claim({s.release(a), s.failing(b), s.failing(c)}, 0);
    CHECK(answer.settlements == std::vector<settled>{settled::already, settled::accepted, settled::already});
    CHECK(ids(of(answer.news, cause::completed)) == names{"a", "c"});
}

CONTRACT_CASE("a completion that is repeated is not reported as one that came before")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.completion(job));
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 0);
    CHECK(answer.settlements == std::vector<settled>{settled::already});
    CHECK(of(answer.news, cause::completed).empty());
}

CONTRACT_CASE("a settlement does not count the completion of another claim as its own")
{
    const auto job = co_await s.add_active("a");
    const auto rescued = co_await s.rescue(job);
    REQUIRE(rescued);
    const auto again = co_await s.claim_one();
    co_await complete_within(s, again, "2");
    const auto answer = co_await s.settle_and_claim({s.failing(job)}, 0);
    CHECK(answer.settlements == std::vector<settled>{settled::lost});
    CHECK(of(answer.news, cause::completed).empty());
    const auto renewed = co_await renew(s, job);
    CHECK_FALSE(renewed.held);
    CHECK(renewed.completed == nullptr);
}

CONTRACT_CASE("a job that is removed at once stays until its worker knows that it was completed")
{
    const auto job = co_await s.add_active("a", {.on_completed = retention::remove_at_once()});
    co_await complete_within(s, job, "42");
    const auto there = co_await s.state("a");
    CHECK(there == job_state::completed);
    const auto answer = co_await s.settle_and_claim({s.failing(job)}, 0);
    REQUIRE(ids(of(answer.news, cause::completed)) == names{"a"});
    const bool exists = co_await s.exists("a");
    CHECK_FALSE(exists);
}

CONTRACT_CASE(
    "a job that is removed at once, and whose worker has died after the commit, goes when the lock would have ended"
)
{
    for (const auto& keep : {retention::remove_at_once(), retention::keep_last(0), retention::keep_for(1s)}) {
        const auto job = co_await s.add_active("a", {.on_completed = keep});
        co_await complete_within(s, job, "42");
        s.pass(lock_duration - 1ms);
        co_await s.sweep();
        bool exists = co_await s.exists("a");
        CHECK(exists);
        s.pass(1ms);
        co_await s.sweep();
        exists = co_await s.exists("a");
        CHECK_FALSE(exists);
    }
}

CONTRACT_CASE("a renewal reports a job that its token has completed")
{
    const auto job = co_await s.add_active("a");
    auto renewed = co_await renew(s, job);
    CHECK(renewed.held);
    CHECK(renewed.completed == nullptr);
    co_await complete_within(s, job, "42");
    renewed = co_await renew(s, job);
    CHECK_FALSE(renewed.held);
    REQUIRE(renewed.completed);
    CHECK(renewed.completed->result == "42");
    CHECK(renewed.completed->state == job_state::completed);
}

CONTRACT_CASE("a renewal is told nothing of a job that has ended otherwise")
{
    const auto failed = co_await s.add_active("failed");
    co_await s.settle(s.failing(failed));
    const auto released = co_await s.add_active("released");
    co_await s.settle(s.release(released));
    for (const auto& job : {failed, released}) {
        const auto renewed = co_await renew(s, job);
        CHECK_FALSE(renewed.held);
        CHECK(renewed.completed == nullptr);
    }
}

TEST_SUITE_END();
