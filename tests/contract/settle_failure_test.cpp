// Attempts that failed.
#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "domain/transitions.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("settle");

CONTRACT_CASE("a job that failed for the last time keeps the reason")
{
    const auto job = co_await s.add_active("a");
    s.pass(3s);
    const auto answer = co_await s.settle(s.failing(job, "it's \"broken\" \xF0\x9F\x98\x80"));
    CHECK(answer == settled::accepted);
    auto expected = *job;
    expected.state = job_state::failed;
    expected.attempts_made = 1;
    expected.failed_reason = "it's \"broken\" \xF0\x9F\x98\x80";
    expected.finished_at = s.now();
    expected.locked_until.reset();
    expected.attempts = {attempt{
        .number = 1,
        .error = {.message = expected.failed_reason, .type = "std::runtime_error"},
        .at = s.now(),
        .worker = worker_id
    }};
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.failed = 1});
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{});
}

CONTRACT_CASE("a job that failed with attempts left and no backoff waits again, behind the others of its priority")
{
    const auto job = co_await s.add_active("a", {.attempts = 2});
    co_await s.add_each({"b", "c"});
    co_await s.add("less", {.priority = 1});
    s.pass(3s);
    const auto answer = co_await s.settle(s.failing(job));
    CHECK(answer == settled::accepted);
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::waiting);
    check_counters(read, 1, 1, 0);
    CHECK(read.run_at == std::nullopt);
    CHECK(read.finished_at == std::nullopt);
    CHECK(read.locked_until == std::nullopt);
    CHECK(read.failed_reason == "boom");
    CHECK(read.attempts.size() == 1);
    const auto claimed = co_await s.claim(4);
    CHECK(ids(claimed) == names{"b", "c", "a", "less"});
}

CONTRACT_CASE("a lifo job that failed with attempts left goes before the others of its priority")
{
    const auto job = co_await s.add_active("a", {.lifo = true, .attempts = 2});
    co_await s.add_each({"b", "c"});
    co_await s.add("d", {.lifo = true});
    co_await s.settle(s.failing(job));
    const auto claimed = co_await s.claim(4);
    CHECK(ids(claimed) == names{"a", "d", "b", "c"});
}

CONTRACT_CASE("a job that failed with a backoff is delayed by it")
{
    const auto job = co_await s.add_active("a", {.attempts = 2, .backoff = backoff::fixed(750ms)});
    s.pass(3s);
    const auto failed_at = s.now();
    co_await s.settle(s.failing(job));
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::delayed);
    CHECK(read.run_at == failed_at + 750ms);
    check_counters(read, 1, 1, 0);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.delayed = 1});
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == failed_at + 750ms);
    s.pass(750ms);
    const auto again = co_await s.claim_one();
    check_counters(*again, 2, 1, 0);
}

CONTRACT_CASE("an exponential backoff doubles with each failed attempt, until the attempts are used up")
{
    auto job = co_await s.add_active("a", {.attempts = 4, .backoff = backoff::exponential(100ms)});
    for (const auto wait : {100ms, 200ms, 400ms}) {
        co_await s.settle(s.failing(job));
        const auto read = co_await s.get("a");
        CHECK(read.run_at == s.now() + wait);
        s.pass(wait);
        job = co_await s.claim_one();
    }
    co_await s.settle(s.failing(job, "the last"));
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::failed);
    CHECK(read.failed_reason == "the last");
    check_counters(read, 4, 4, 0);
    CHECK(read.attempts.size() == 4);
}

CONTRACT_CASE("an unrecoverable failure ends the job whatever attempts are left")
{
    const auto job = co_await s.add_active("a", {.attempts = 10});
    const failure why{.message = "no such address", .type = "cofila::unrecoverable_error", .unrecoverable = true};
    co_await s.settle({.job = claim_of(job), .change = domain::after_failure(*job, why, s.now(), 0)});
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::failed);
    CHECK(read.failed_reason == "no such address");
    check_counters(read, 1, 1, 0);
    REQUIRE(read.attempts.size() == 1);
    CHECK(read.attempts[0].error == why);
}

CONTRACT_CASE("a success after failures counts them all and keeps the failed attempts")
{
    auto job = co_await s.add_active("a", {.attempts = 3});
    co_await s.settle(s.failing(job, "first"));
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job, "second"));
    job = co_await s.claim_one();
    co_await s.settle(s.completion(job, "1"));
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::completed);
    check_counters(read, 3, 3, 0);
    CHECK(read.failed_reason == "");
    REQUIRE(read.attempts.size() == 2);
    CHECK(read.attempts[0].error.message == "first");
    CHECK(read.attempts[1].error.message == "second");
}

CONTRACT_CASE("why the last attempt failed is known until the job ends or is let run again, also in listings")
{
    auto job = co_await s.add_active("a", {.attempts = 3, .backoff = backoff::fixed(1s)});
    co_await s.settle(s.failing(job, "first"));
    const auto delayed = co_await s->list(s.queue(), {.state = job_state::delayed}, {});
    REQUIRE(delayed.items.size() == 1);
    CHECK(delayed.items[0]->failed_reason == "first");
    CHECK(delayed.items[0]->worker == worker_id);
    s.pass(1s);
    co_await s.sweep();
    const auto waiting = co_await s.get("a");
    CHECK(waiting.state == job_state::waiting);
    CHECK(waiting.failed_reason == "first");
    job = co_await s.claim_one();
    CHECK(job->failed_reason == "first");
    co_await s.settle(s.release(job));
    const auto released = co_await s.get("a");
    CHECK(released.failed_reason == "first");
    job = co_await s.claim_one();
    co_await s.settle(s.putting_off(job, delay_for{.wait = 1h}));
    const auto put_off = co_await s.get("a");
    CHECK(put_off.failed_reason == "first");
    co_await s.promote("a");
    const auto promoted = co_await s.get("a");
    CHECK(promoted.failed_reason == "first");
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job, "second"));
    co_await s.promote("a");
    job = co_await s.claim_one();
    co_await s.settle(s.failing(job, "third"));
    co_await s.retry("a", {});
    const auto again = co_await s.get("a");
    CHECK(again.failed_reason == "");
}

CONTRACT_CASE("an attempt keeps its number, error, time and worker")
{
    const auto job = co_await s.add_active("a", {.attempts = 2});
    s.pass(1234ms);
    const failure why{.message = "\xC3\xA9 'x'", .type = "my::error<int>", .detail = "caused by:\n  \"that\"\n"};
    co_await s.settle({.job = claim_of(job), .change = domain::after_failure(*job, why, s.now(), 0)});
    const auto read = co_await s.get("a");
    const std::vector<attempt> expected{{.number = 1, .error = why, .at = s.now(), .worker = worker_id}};
    CHECK(read.attempts == expected);
}

CONTRACT_CASE("only the newest failed attempts are kept, as many as the job says")
{
    struct {
        int keep;
        std::vector<int> kept;
    } const cases[] = {{0, {}}, {1, {5}}, {3, {3, 4, 5}}, {5, {1, 2, 3, 4, 5}}, {9, {1, 2, 3, 4, 5}}};
    for (const auto& c : cases) {
        auto queue = s.in("keeps " + std::to_string(c.keep));
        auto job = co_await queue.add_active("a", {.attempts = 5, .keep_attempts = c.keep});
        for (int i = 1; i < 5; ++i) {
            co_await queue.settle(queue.failing(job));
            job = co_await queue.claim_one();
        }
        co_await queue.settle(queue.failing(job));
        const auto read = co_await queue.get("a");
        std::vector<int> kept;
        for (const auto& attempt : read.attempts)
            kept.push_back(attempt.number);
        CHECK(kept == c.kept);
        check_counters(read, 5, 5, 0);
    }
}

TEST_SUITE_END();
