#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("retry");

CONTRACT_CASE("a failed job that is retried waits again, with its attempts and stalls to spend anew")
{
    auto job = co_await s.add_active("a", {.attempts = 2});
    co_await s.rescue(job);
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job));
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job, "the end"));
    const auto before = co_await s.get("a");
    REQUIRE(before.state == job_state::failed);
    check_counters(before, 3, 2, 1);

    s.pass(1h);
    const auto answer = co_await s.retry("a", {});
    CHECK(answer.found());
    CHECK(answer.done());
    CHECK(answer.was == job_state::failed);
    const auto after = co_await s.get("a");
    CHECK(after.state == job_state::waiting);
    check_counters(after, 3, 0, 0);
    CHECK(after.failed_reason == "");
    CHECK(after.result == "");
    CHECK(after.finished_at == std::nullopt);
    CHECK(after.run_at == std::nullopt);
    CHECK(after.locked_until == std::nullopt);
    CHECK(after.timestamp == before.timestamp);
    CHECK(after.key == before.key);
    REQUIRE(answer.job != nullptr);
    CHECK(answer.job->state == job_state::waiting);
    CHECK(answer.job->position == after.position);
    check_counters(*answer.job, 3, 0, 0);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1});

    job = co_await s.claim_one();
    check_counters(*job, 4, 0, 0);
    co_await s.settle(s.failing(job));
    const auto again = co_await s.get("a");
    CHECK(again.state == job_state::waiting);
    check_counters(again, 4, 1, 0);
}

CONTRACT_CASE("a completed job that is retried waits again, without its result")
{
    auto job = co_await s.add_active("a");
    co_await s.settle(s.completion(job, "42"));
    const auto answer = co_await s.retry("a", {});
    CHECK(answer.done());
    CHECK(answer.was == job_state::completed);
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::waiting);
    CHECK(read.result == "");
    CHECK(read.finished_at == std::nullopt);
    check_counters(read, 1, 0, 0);
    job = co_await s.claim_one();
    CHECK(job->result == "");
    const auto done = co_await s.settle(s.completion(job, "43"));
    CHECK(done == settled::accepted);
}

CONTRACT_CASE("a retry that keeps the attempts leaves them counted")
{
    auto job = co_await s.add_active("a", {.attempts = 2});
    co_await s.settle(s.failing(job));
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job));
    co_await s.retry("a", {.keep_attempts = true});
    const auto waiting = co_await s.get("a");
    check_counters(waiting, 2, 2, 0);
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job));
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::failed);
    check_counters(read, 3, 3, 0);
}

CONTRACT_CASE("a retried job goes behind the others of its priority, a lifo one before them")
{
    const auto back = co_await s.add_active("back");
    const auto front = co_await s.add_active("front", {.lifo = true});
    co_await s.settle(s.failing(back));
    co_await s.settle(s.failing(front));
    co_await s.add("a");
    co_await s.add("b", {.lifo = true});
    co_await s.add("less", {.priority = 1});
    co_await s.retry("back", {});
    co_await s.retry("front", {});
    const auto claimed = co_await s.claim(5);
    CHECK(ids(claimed) == names{"front", "b", "a", "back", "less"});
}

CONTRACT_CASE("retry takes only a finished job, and otherwise changes nothing")
{
    co_await s.add_active("active");
    co_await s.add("waiting");
    co_await s.add("delayed", {.delay = 1s});
    for (const std::string id : {"active", "waiting", "delayed"}) {
        const auto before = co_await s.get(id);
        const auto answer = co_await s.retry(id, {});
        CHECK(answer.found());
        CHECK_FALSE(answer.done());
        CHECK(to_string(*answer.was) == id);
        REQUIRE(answer.job != nullptr);
        CHECK(answer.job->state == answer.was);
        const auto after = co_await s.get(id);
        CHECK(describe(after) == describe(before));
    }
    const auto missing = co_await s.retry("missing", {});
    CHECK_FALSE(missing.found());
    CHECK_FALSE(missing.done());
    CHECK(missing.job == nullptr);
    auto other = s.in("other");
    const auto elsewhere = co_await other.add_active("elsewhere");
    co_await other.settle(other.failing(elsewhere));
    const auto here = co_await s.retry("elsewhere", {});
    CHECK_FALSE(here.found());
}

CONTRACT_CASE("a second retry finds the job waiting")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.failing(job));
    co_await s.retry("a", {});
    const auto answer = co_await s.retry("a", {});
    CHECK(answer.found());
    CHECK_FALSE(answer.done());
    CHECK(answer.was == job_state::waiting);
}

CONTRACT_CASE("the retention of the end that was undone is forgotten")
{
    const auto by_age = co_await s.add_active("age", {.on_failed = retention::keep_for(1s)});
    const auto by_count = co_await s.add_active("count", {.on_failed = retention::keep_last(0)});
    co_await s.settle(s.failing(by_age));
    co_await s.settle(s.failing(by_count));
    co_await s.retry("age", {});
    co_await s.retry("count", {});
    s.pass(1h);
    const auto answer = co_await s.sweep();
    CHECK(of(answer.news, cause::cleaned).empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2});
}

CONTRACT_CASE("logs and progress survive a retry")
{
    const auto job = co_await s.add_active("a");
    co_await s->update_progress(claim_of(job), "50");
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "first run"}, 10);
    co_await s.settle(s.failing(job));
    co_await s.retry("a", {});
    const auto read = co_await s.get("a");
    CHECK(read.progress == "50");
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{"first run"});
}

TEST_SUITE_END();
