// One test for each row of the table of transitions (docs: semantics) with its counters. The rows of claims,
// completions, failures and stalls are in claim_test, settle_test and stall_test.
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("table of transitions");

namespace {

/// In its third attempt: once failed, once put off, once rescued.
asio::awaitable<job_snapshot> well_travelled(subject s, job_options options = {})
{
    options.attempts = options.attempts.value_or(5);
    options.max_stalled_count = 5;
    auto job = co_await s.add_active("a", options);
    (void)co_await s.settle(s.failing(job));
    job = co_await s.claim_one();
    (void)co_await s.settle(s.putting_off(job, delay_for{}));
    job = co_await s.claim_one();
    (void)co_await s.rescue(job);
    job = co_await s.claim_one();
    check_counters(*job, 4, 1, 1, 1);
    co_return job;
}

void check_free(const job_record& job, job_state state)
{
    CHECK(job.state == state);
    CHECK(job.locked_until == std::nullopt);
    CHECK(job.cancelled == std::nullopt);
    CHECK(job.run_at.has_value() == (state == job_state::delayed));
    CHECK(job.finished_at.has_value() == is_finished(state));
}

}  // namespace

CONTRACT_CASE("delayed -> waiting, due or by promote: the delay is cleared, no counter moves")
{
    for (const bool due : {true, false}) {
        auto queue = s.in(due ? "due" : "promote");
        const auto job = co_await well_travelled(queue);
        co_await queue.settle(queue.putting_off(job, delay_for{.wait = 1s}));
        if (due) {
            queue.pass(1s);
            const auto swept = co_await queue.sweep();
            CHECK(waiting_ids(swept.news).size() == 1);
        } else {
            co_await queue.promote("a");
        }
        const auto read = co_await queue.get("a");
        check_free(read, job_state::waiting);
        check_counters(read, 4, 1, 1, 2);
    }
}

CONTRACT_CASE("waiting -> active, by a claim: attempts_started + 1, a new token, a lock")
{
    const auto job = co_await well_travelled(s);
    co_await s.settle(s.release(job));
    s.pass(1s);
    const auto again = co_await s.claim_one();
    CHECK(again->state == job_state::active);
    CHECK(again->token != job->token);
    CHECK(again->locked_until == s.now() + lock_duration);
    CHECK(again->lock_duration == lock_duration);
    CHECK(again->processed_at == s.now());
    CHECK(again->worker == worker_id);
    check_counters(*again, 5, 1, 1, 1);
}

CONTRACT_CASE("active -> completed: attempts_made + 1")
{
    const auto job = co_await well_travelled(s);
    co_await s.settle(s.completion(job, "7"));
    const auto read = co_await s.get("a");
    check_free(read, job_state::completed);
    CHECK(read.result == "7");
    check_counters(read, 4, 2, 1, 1);
}

CONTRACT_CASE("active -> delayed or waiting, failed with attempts left: attempts_made + 1, the failure is kept")
{
    for (const bool waits : {true, false}) {
        auto queue = s.in(waits ? "delayed" : "waiting");
        const auto job = co_await well_travelled(queue);
        auto with_backoff = *job;
        auto options = *job->options;
        options.backoff = waits ? backoff::fixed(1s) : backoff::none();
        with_backoff.options = std::make_shared<const job_options>(std::move(options));
        co_await queue.settle(queue.failing(std::make_shared<const job_record>(std::move(with_backoff)), "again"));
        const auto read = co_await queue.get("a");
        check_free(read, waits ? job_state::delayed : job_state::waiting);
        check_counters(read, 4, 2, 1, 1);
        REQUIRE(read.attempts.size() == 2);
        CHECK(read.attempts[1].error.message == "again");
    }
}

CONTRACT_CASE("active -> failed, attempts exhausted: attempts_made + 1, reason and time")
{
    const auto job = co_await well_travelled(s, {.attempts = 2});
    co_await s.settle(s.failing(job, "the last"));
    const auto read = co_await s.get("a");
    check_free(read, job_state::failed);
    CHECK(read.failed_reason == "the last");
    check_counters(read, 4, 2, 1, 1);
}

CONTRACT_CASE("active -> failed, cancelled: attempts_made + 1, reason and time")
{
    const auto job = co_await well_travelled(s);
    co_await s.cancel("a", "why");
    co_await s.settle(s.release(job));
    const auto read = co_await s.get("a");
    check_free(read, job_state::failed);
    CHECK(read.failed_reason == "cancelled: why");
    check_counters(read, 4, 2, 1, 1);
}

CONTRACT_CASE("waiting or delayed -> failed, cancelled: reason and time, no counter moves")
{
    for (const auto wait : {0ms, 1000ms}) {
        auto queue = s.in(std::to_string(wait.count()));
        const auto job = co_await well_travelled(queue);
        co_await queue.settle(queue.putting_off(job, delay_for{.wait = wait}));
        co_await queue.cancel("a", "why");
        const auto read = co_await queue.get("a");
        check_free(read, job_state::failed);
        CHECK(read.failed_reason == "cancelled: why");
        CHECK(read.finished_at == queue.now());
        check_counters(read, 4, 1, 1, 2);
    }
}

CONTRACT_CASE("waiting or delayed -> failed, expired at a claim or a sweep: reason and time, no counter moves")
{
    for (const milliseconds wait : {0ms, 500ms, 3'600'000ms})
        for (const bool sweep : {true, false}) {
            auto queue = s.in(std::to_string(wait.count()) + (sweep ? " sweep" : " claim"));
            co_await queue.add("a", {.delay = wait, .ttl = 1s});
            queue.pass(1s);
            if (!sweep && wait == 1h)
                continue;  // a claim does not look at what is not due
            if (sweep)
                co_await queue.sweep();
            else
                co_await queue.claim(1);
            const auto read = co_await queue.get("a");
            check_free(read, job_state::failed);
            CHECK(read.failed_reason == "expired");
            CHECK(read.finished_at == queue.now());
            check_counters(read, 0, 0, 0, 0);
        }
}

CONTRACT_CASE("active -> delayed or waiting, put off: deferrals + 1, attempts_made stays")
{
    const deferral all[] = {
        delay_for{.wait = 1s}, delay_until{.at = s.now() + 1s}, delay_for{}, rate_limited{.wait = 1s}
    };
    for (std::size_t i = 0; i < std::size(all); ++i) {
        auto queue = s.in(std::to_string(i));
        const auto job = co_await well_travelled(queue);
        co_await queue.settle(queue.putting_off(job, all[i]));
        const auto read = co_await queue.get("a");
        check_free(read, i < 2 ? job_state::delayed : job_state::waiting);
        CHECK(read.position == job->position);
        CHECK(read.attempts.size() == 1);
        check_counters(read, 4, 1, 1, 2);
    }
}

CONTRACT_CASE("active -> waiting or delayed, stalled: stalled_count + 1")
{
    for (const auto wait : {0ms, 1000ms}) {
        auto queue = s.in(std::to_string(wait.count()));
        const auto job = co_await queue.add_active("a", {.backoff = backoff::fixed(wait), .max_stalled_count = 2});
        co_await queue.rescue(job);
        const auto read = co_await queue.get("a");
        check_free(read, wait > 0ms ? job_state::delayed : job_state::waiting);
        CHECK(read.token == "");
        check_counters(read, 1, 0, 1, 0);
    }
}

CONTRACT_CASE("active -> failed, stalled too often: stalled_count + 1, attempts_made stays")
{
    const auto job = co_await s.add_active("a", {.max_stalled_count = 0});
    co_await s.rescue(job);
    const auto read = co_await s.get("a");
    check_free(read, job_state::failed);
    CHECK(read.failed_reason == "job stalled more than allowable limit");
    check_counters(read, 1, 0, 1, 0);
}

CONTRACT_CASE("active -> waiting, released: no counter moves")
{
    const auto job = co_await well_travelled(s);
    co_await s.settle(s.release(job));
    const auto read = co_await s.get("a");
    check_free(read, job_state::waiting);
    CHECK(read.position == job->position);
    check_counters(read, 4, 1, 1, 1);
}

CONTRACT_CASE("failed or completed -> waiting, by retry: result and failure cleared, counters anew or attempts kept")
{
    for (const bool completed : {true, false})
        for (const bool keep : {true, false}) {
            auto queue = s.in(std::string{completed ? "completed" : "failed"} + (keep ? " keep" : ""));
            const auto job = co_await well_travelled(queue, {.attempts = 2});
            co_await queue.settle(completed ? queue.completion(job, "7") : queue.failing(job));
            const auto answer = co_await queue.retry("a", {.keep_attempts = keep});
            CHECK(answer.was == (completed ? job_state::completed : job_state::failed));
            const auto read = co_await queue.get("a");
            check_free(read, job_state::waiting);
            CHECK(read.result == "");
            CHECK(read.failed_reason == "");
            check_counters(read, 4, keep ? 2 : 0, 0, keep ? 1 : 0);
        }
}

CONTRACT_CASE("any but active -> removed, one or many; with force the active too: logs and attempts go along")
{
    const auto job = co_await well_travelled(s);
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "x"}, 10);
    const auto refused = co_await s.remove("a");
    CHECK_FALSE(refused.done());
    const auto passed_over = co_await s.change_all({.state = job_state::active}, removal{});
    CHECK(passed_over == names{});
    const auto forced = co_await s.change_all({.state = job_state::active}, forced_removal{});
    CHECK(forced == names{"a"});
    co_await s.add("a");
    const auto read = co_await s.get("a");
    CHECK(read.attempts.empty());
    check_counters(read, 0, 0, 0, 0);
    const auto logs = co_await s.logs("a");
    CHECK(logs == names{});
}

TEST_SUITE_END();
