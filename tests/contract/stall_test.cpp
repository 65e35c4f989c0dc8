#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("stall");

namespace {

rescue_order order_for(const job_snapshot& job)
{
    return {.key = job->key, .token = job->token, .locked_until = *job->locked_until};
}

asio::awaitable<sweep_answer> sweep_with(subject s, std::vector<rescue_order> orders)
{
    sweep_request request{.now = s.now(), .rescues = std::move(orders)};
    co_return co_await s->sweep(std::move(request));
}

}  // namespace

CONTRACT_CASE("a job whose lock expired becomes waiting again")
{
    const auto job = co_await s.add_active("a", {.max_stalled_count = 1});
    s.pass(lock_duration);
    const auto answer = co_await sweep_with(s, {order_for(job)});
    REQUIRE(of(answer.news, cause::stalled).size() == 1);
    CHECK(of(answer.news, cause::stalled)[0].job->queue == s.queue());

    auto expected = *job;
    expected.state = job_state::waiting;
    expected.stalled_count = 1;
    expected.token = "";
    expected.locked_until.reset();
    REQUIRE(of(answer.news, cause::stalled)[0].job != nullptr);
    CHECK(describe(*of(answer.news, cause::stalled)[0].job) == describe(expected));
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1});
    const auto locks = co_await s->locks();
    CHECK(locks.empty());
}

CONTRACT_CASE("a rescued job keeps its position: it is older, it runs first")
{
    co_await s.add_each({"a", "b"});
    const auto job = co_await s.claim_one();
    co_await s.rescue(job);
    co_await s.add("c");
    const auto claimed = co_await s.claim(3);
    CHECK(ids(claimed) == names{"a", "b", "c"});
    check_counters(*claimed[0], 2, 0, 1);
    CHECK(claimed[0]->token != job->token);
}

CONTRACT_CASE("a rescued job with a backoff is delayed by it, counted by its stalls")
{
    auto job = co_await s.add_active("a", {.backoff = backoff::exponential(100ms), .max_stalled_count = 3});
    for (const auto wait : {100ms, 200ms, 400ms}) {
        s.pass(lock_duration);
        const auto answer = co_await sweep_with(s, {order_for(job)});
        REQUIRE(of(answer.news, cause::stalled).size() == 1);
        CHECK(of(answer.news, cause::stalled)[0].job->state == job_state::delayed);
        const auto read = co_await s.get("a");
        CHECK(read.state == job_state::delayed);
        CHECK(read.run_at == s.now() + wait);
        CHECK(read.token == "");
        s.pass(wait);
        job = co_await s.claim_one();
    }
    check_counters(*job, 4, 0, 3);
}

CONTRACT_CASE("the jitter of a rescue is the one that came with the order")
{
    const auto policy = backoff{.type = backoff::kind::fixed, .delay = 1000ms, .jitter = 0.5};
    const auto job = co_await s.add_active("a", {.backoff = policy});
    const auto rescued = co_await s.rescue(job, 1.0);
    CHECK(rescued);
    const auto read = co_await s.get("a");
    CHECK(read.run_at == s.now() + 500ms);
}

CONTRACT_CASE("a job that stalled more often than it may fails")
{
    for (const int limit : {0, 1, 3}) {
        auto queue = s.in("limit " + std::to_string(limit));
        auto job = co_await queue.add_active("a", {.attempts = 10, .max_stalled_count = limit});
        for (int rescues = 1; rescues <= limit; ++rescues) {
            co_await queue.rescue(job);
            job = co_await queue.claim_one();
            check_counters(*job, rescues + 1, 0, rescues);
        }
        queue.pass(1s);
        const auto answer = co_await sweep_with(queue, {order_for(job)});
        REQUIRE(of(answer.news, cause::stalled).size() == 1);
        CHECK(of(answer.news, cause::stalled)[0].job->state == job_state::failed);
        const auto read = co_await queue.get("a");
        CHECK(read.state == job_state::failed);
        CHECK(read.failed_reason == "job stalled more than allowable limit");
        CHECK(read.finished_at == queue.now());
        CHECK(read.locked_until == std::nullopt);
        check_counters(read, limit + 1, 0, limit + 1);
        const auto counts = co_await queue.counts();
        CHECK(counts == job_counts{.failed = 1});
    }
}

CONTRACT_CASE("a job that fails by stalling is kept or removed as a failed job is")
{
    auto kept = co_await s.add_active("kept", {.on_failed = retention::keep_for(10s), .max_stalled_count = 0});
    auto gone = co_await s.add_active("gone", {.on_failed = retention::remove_at_once(), .max_stalled_count = 0});
    const auto answer = co_await sweep_with(s, {order_for(kept), order_for(gone)});
    REQUIRE(of(answer.news, cause::stalled).size() == 2);
    CHECK(of(answer.news, cause::stalled)[1].job->id == job_id{"gone"});
    CHECK(of(answer.news, cause::stalled)[1].job->state == job_state::failed);
    const auto exists = co_await s.exists("gone");
    CHECK_FALSE(exists);
    s.pass(10s);
    co_await s.sweep();
    const auto exists_after = co_await s.exists("kept");
    CHECK_FALSE(exists_after);
}

CONTRACT_CASE("a lock that is not as it was seen is left alone")
{
    const auto job = co_await s.add_active("a");
    const auto seen = order_for(job);
    auto other_token = seen;
    other_token.token = std::string(32, '0');
    auto no_token = seen;
    no_token.token = "";
    auto other_end = seen;
    other_end.locked_until += 1ms;
    auto other_job = seen;
    other_job.key += 1;
    auto no_job = seen;
    no_job.key = 0;
    s.pass(1h);
    const auto before = co_await s.get("a");
    const auto answer = co_await sweep_with(s, {other_token, no_token, other_end, other_job, no_job});
    CHECK(of(answer.news, cause::stalled).empty());
    const auto after = co_await s.get("a");
    CHECK(describe(after) == describe(before));
}

CONTRACT_CASE("a lock that was renewed since it was seen is left alone")
{
    const auto job = co_await s.add_active("a");
    s.pass(10s);
    std::vector<lock_extension> locks{{.job = claim_of(job), .duration = lock_duration}};
    co_await s.extend(std::move(locks));
    const auto answer = co_await sweep_with(s, {order_for(job)});
    CHECK(of(answer.news, cause::stalled).empty());
    const auto state_of_a = co_await s.state("a");
    CHECK(state_of_a == job_state::active);
}

CONTRACT_CASE("a job that ended since its lock was seen is left alone")
{
    const auto completed = co_await s.add_active("completed");
    const auto released = co_await s.add_active("released");
    const auto removed = co_await s.add_active("removed");
    co_await s.settle(s.completion(completed));
    co_await s.settle(s.release(released));
    co_await s.settle(s.completion(removed));
    co_await s.remove("removed");
    const auto answer = co_await sweep_with(s, {order_for(completed), order_for(released), order_for(removed)});
    CHECK(of(answer.news, cause::stalled).empty());
    const auto first = co_await s.get("completed");
    check_counters(first, 1, 1, 0);
    const auto second = co_await s.get("released");
    check_counters(second, 1, 0, 0);
}

CONTRACT_CASE("a lock may be taken away before its end: its owner is known to be dead")
{
    const auto job = co_await s.add_active("a");
    const auto rescued = co_await s.rescue(job);
    CHECK(rescued);
    const auto state_of_a = co_await s.state("a");
    CHECK(state_of_a == job_state::waiting);
}

CONTRACT_CASE("one lock that is ordered twice is taken away once")
{
    const auto job = co_await s.add_active("a", {.max_stalled_count = 1});
    const auto answer = co_await sweep_with(s, {order_for(job), order_for(job)});
    CHECK(of(answer.news, cause::stalled).size() == 1);
    const auto read = co_await s.get("a");
    check_counters(read, 1, 0, 1);
    const auto repeated = co_await sweep_with(s, {order_for(job)});
    CHECK(of(repeated.news, cause::stalled).empty());
}

CONTRACT_CASE("one sweep rescues jobs of several queues")
{
    auto other = s.in("other");
    const auto a = co_await s.add_active("a");
    const auto b = co_await other.add_active("b");
    const auto answer = co_await sweep_with(s, {order_for(b), order_for(a)});
    REQUIRE(of(answer.news, cause::stalled).size() == 2);
    for (const auto& rescued : of(answer.news, cause::stalled))
        CHECK(rescued.job->queue == (rescued.job->id == job_id{"a"} ? "q" : "other"));
    const auto state_of_a = co_await s.state("a");
    CHECK(state_of_a == job_state::waiting);
    const auto state_of_b = co_await other.state("b");
    CHECK(state_of_b == job_state::waiting);
}

CONTRACT_CASE("the limit of a sweep is not one of rescues")
{
    std::vector<rescue_order> orders;
    for (const std::string id : {"a", "b", "c"}) {
        const auto job = co_await s.add_active(id);
        orders.push_back(order_for(job));
    }
    sweep_request request{.now = s.now(), .rescues = orders, .limit = 1};
    const auto answer = co_await s->sweep(std::move(request));
    CHECK(of(answer.news, cause::stalled).size() == 3);
    CHECK_FALSE(answer.more);
}

CONTRACT_CASE("a stall leaves failed attempts, progress and logs as they are")
{
    auto job = co_await s.add_active("a", {.attempts = 3});
    co_await s.settle(s.failing(job));
    job = co_await s.claim_one();
    co_await s->update_progress(claim_of(job), "7");
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "on it"}, 10);
    co_await s.rescue(job);
    const auto read = co_await s.get("a");
    check_counters(read, 2, 1, 1);
    CHECK(read.attempts.size() == 1);
    CHECK(read.progress == "7");
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{"on it"});
}

TEST_SUITE_END();
