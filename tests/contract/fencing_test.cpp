// Every write of a running job carries its claim's token; what does not hold the lock changes nothing.
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("fencing");

namespace {

/// All writes that a claim can make, tried with `stale`: each is refused and job "a" is as it was.
asio::awaitable<void> check_that_nothing_is_written(subject s, job_ref stale)
{
    stale.queue = s.queue();
    const auto before = co_await s.get("a");
    const auto lines = co_await s.logs("a");

    std::vector<lock_extension> locks{{.job = stale, .duration = 1h}};
    const auto extended = co_await s.extend(std::move(locks));
    CHECK(extended == std::vector<bool>{false});
    const auto progress = (co_await s->update_progress(stale, "99")).stored;
    CHECK_FALSE(progress);
    const auto logged = (co_await s->add_log(stale, log_line{.at = s.now(), .text = "ghost"}, 10)).stored;
    CHECK_FALSE(logged);
    for (const auto to : {job_state::completed, job_state::failed, job_state::waiting, job_state::delayed}) {
        settlement end{.job = stale, .change = {.to = to, .attempts_made = 77}};
        if (is_finished(to))
            end.change.finished_at = s.now();
        if (to == job_state::delayed)
            end.change.run_at = s.now();
        const auto answer = co_await s.settle(end);
        CHECK(answer != settled::accepted);
    }
    settlement removal{.job = stale, .change = {.to = job_state::completed, .finished_at = s.now(), .remove = true}};
    const auto answer = co_await s.settle(removal);
    CHECK(answer != settled::accepted);

    const auto after = co_await s.get("a");
    CHECK(describe(after) == describe(before));
    const auto lines_after = co_await s.logs("a");
    CHECK(lines_after == lines);
}

}  // namespace

CONTRACT_CASE("a token that was never given out writes nothing")
{
    const auto job = co_await s.add_active("a");
    auto forged = claim_of(job);
    forged.token = "0123456789abcdef0123456789abcdef";
    co_await check_that_nothing_is_written(s, forged);
    forged.key = 0;
    co_await check_that_nothing_is_written(s, forged);
}

CONTRACT_CASE("a token in other letters, a part of it or more than it writes nothing")
{
    claim_order order{.queue = s.queue(), .worker = worker_id, .lock_duration = lock_duration};
    order.tokens = {{.high = 0xabcdefabcdef, .low = 0xa}};
    const settle_and_claim_request request{.now = s.now(), .settlements = {}, .claim = order};
    co_await s.add("a");
    const auto answer = co_await s->settle_and_claim(request);
    REQUIRE(answer.claimed.size() == 1);
    auto other = claim_of(answer.claimed[0]);
    const auto token = other.token;
    for (const auto& text :
         {"0000ABCDEFABCDEF000000000000000A", "0000abcdefabcdef", "0000abcdefabcdef000000000000000a ", "%"}) {
        other.token = text;
        co_await check_that_nothing_is_written(s, other);
    }
    other.token = token;
    const auto stored = (co_await s->update_progress(other, "1")).stored;
    CHECK(stored);
}

CONTRACT_CASE("another job's token writes nothing")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    auto mixed = claim_of(a);
    mixed.token = b->token;
    co_await check_that_nothing_is_written(s, mixed);
    mixed.key = 0;
    co_await check_that_nothing_is_written(s, mixed);
}

CONTRACT_CASE("no token writes nothing to an active job")
{
    const auto job = co_await s.add_active("a");
    auto bare = claim_of(job);
    bare.token = "";
    co_await check_that_nothing_is_written(s, bare);
    bare.key = 0;
    co_await check_that_nothing_is_written(s, bare);
}

CONTRACT_CASE("a token of an ended claim writes nothing")
{
    struct {
        const char* name;
        settlement (*end)(subject, job_snapshot);
        job_state state;
    } const cases[] = {
        {"completed", [](subject q, job_snapshot job) { return q.completion(job); }, job_state::completed},
        {"failed", [](subject q, job_snapshot job) { return q.failing(job); }, job_state::failed},
        {"released", [](subject q, job_snapshot job) { return q.release(job); }, job_state::waiting},
    };
    for (const auto& c : cases) {
        auto queue = s.in(c.name);
        const auto job = co_await queue.add_active("a");
        const auto ended = co_await queue.settle(c.end(queue, job));
        REQUIRE(ended == settled::accepted);
        const auto state = co_await queue.state("a");
        REQUIRE(state == c.state);
        co_await check_that_nothing_is_written(queue, claim_of(job));
        co_await check_that_nothing_is_written(queue, claim_by_id(job));
    }
}

CONTRACT_CASE("a token of a job that was claimed anew writes nothing")
{
    const auto first = co_await s.add_active("a");
    co_await s.settle(s.release(first));
    const auto second = co_await s.claim_one();
    co_await check_that_nothing_is_written(s, claim_of(first));
    co_await check_that_nothing_is_written(s, claim_by_id(first));
    const auto answer = co_await s.settle(s.completion(second));
    CHECK(answer == settled::accepted);
}

CONTRACT_CASE("a token of a rescued job writes nothing, whether it waits or is claimed anew")
{
    const auto first = co_await s.add_active("a");
    s.pass(lock_duration);
    const auto rescued = co_await s.rescue(first);
    REQUIRE(rescued);
    co_await check_that_nothing_is_written(s, claim_of(first));
    const auto second = co_await s.claim_one();
    co_await check_that_nothing_is_written(s, claim_of(first));
    const auto answer = co_await s.settle(s.completion(second));
    CHECK(answer == settled::accepted);
}

CONTRACT_CASE("a claim is good in its own queue only")
{
    const auto job = co_await s.add_active("a");
    auto other = s.in("other");
    co_await other.add_active("a");
    co_await check_that_nothing_is_written(other, claim_by_id(job));
    const auto state = co_await s.state("a");
    CHECK(state == job_state::active);
}

CONTRACT_CASE("a settlement repeated with its token is known to have happened before")
{
    struct {
        const char* name;
        settlement (*end)(subject, job_snapshot);
    } const cases[] = {
        {"completed", [](subject q, job_snapshot job) { return q.completion(job); }},
        {"failed", [](subject q, job_snapshot job) { return q.failing(job); }},
        {"released", [](subject q, job_snapshot job) { return q.release(job); }},
    };
    for (const auto& c : cases) {
        auto queue = s.in(c.name);
        const auto job = co_await queue.add_active("a");
        const auto end = c.end(queue, job);
        const auto first = co_await queue.settle(end);
        CHECK(first == settled::accepted);
        const auto before = co_await queue.get("a");
        queue.pass(1s);
        const auto second = co_await queue.settle(end);
        CHECK(second == settled::already);
        const auto third = co_await queue.settle(queue.failing(job));
        CHECK(third == settled::already);
        const auto after = co_await queue.get("a");
        CHECK(describe(after) == describe(before));
    }
}

CONTRACT_CASE("a settlement repeated after a retry with backoff is known to have happened before")
{
    const auto job = co_await s.add_active("a", {.attempts = 2, .backoff = backoff::fixed(5s)});
    const auto end = s.failing(job);
    const auto first = co_await s.settle(end);
    CHECK(first == settled::accepted);
    const auto while_delayed = co_await s.settle(end);
    CHECK(while_delayed == settled::already);
    s.pass(5s);
    co_await s.sweep();
    const auto while_waiting = co_await s.settle(end);
    CHECK(while_waiting == settled::already);
    const auto job_again = co_await s.claim_one();
    const auto while_active = co_await s.settle(end);
    CHECK(while_active == settled::lost);
    co_await s.settle(s.completion(job_again));
    const auto when_completed = co_await s.settle(end);
    CHECK(when_completed == settled::lost);
}

CONTRACT_CASE("a settlement of a job that is gone is lost")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.completion(job));
    co_await s.remove("a");
    const auto by_key = co_await s.settle(s.completion(job));
    CHECK(by_key == settled::lost);
    auto end = s.completion(job);
    end.job = claim_by_id(job);
    const auto by_id = co_await s.settle(end);
    CHECK(by_id == settled::lost);
    co_await s.add("a");
    const auto of_another = co_await s.settle(end);
    CHECK(of_another == settled::lost);
}

CONTRACT_CASE("a settlement after a rescue is lost, in whatever state the job is by then")
{
    const auto job = co_await s.add_active("a");
    const auto end = s.completion(job);
    co_await s.rescue(job);
    const auto while_waiting = co_await s.settle(end);
    CHECK(while_waiting == settled::lost);
    const auto second = co_await s.claim_one();
    const auto while_active = co_await s.settle(end);
    CHECK(while_active == settled::lost);
    co_await s.rescue(second);
    const auto state = co_await s.state("a");
    REQUIRE(state == job_state::failed);
    const auto when_failed = co_await s.settle(end);
    CHECK(when_failed == settled::lost);
    const auto of_the_second = co_await s.settle(s.completion(second));
    CHECK(of_the_second == settled::lost);
}

CONTRACT_CASE("a settlement without a token is lost, also where the last token was taken away")
{
    const auto job = co_await s.add_active("a");
    auto end = s.completion(job);
    end.job.token = "";
    const auto while_active = co_await s.settle(end);
    CHECK(while_active == settled::lost);
    co_await s.rescue(job);
    const auto when_rescued = co_await s.settle(end);
    CHECK(when_rescued == settled::lost);
    co_await s.add("b");
    settlement of_new{.job = {.queue = s.queue(), .id = "b"}, .change = end.change};
    const auto when_new = co_await s.settle(of_new);
    CHECK(when_new == settled::lost);
}

CONTRACT_CASE("a lock that has expired still holds until somebody takes it away")
{
    const auto job = co_await s.add_active("a");
    s.pass(lock_duration + 1h);
    const auto stored = (co_await s->update_progress(claim_of(job), "1")).stored;
    CHECK(stored);
    const auto logged = (co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "late"}, 10)).stored;
    CHECK(logged);
    std::vector<lock_extension> locks{{.job = claim_of(job), .duration = 10s}};
    const auto extended = co_await s.extend(std::move(locks));
    CHECK(extended == std::vector<bool>{true});
    s.pass(1h);
    const auto answer = co_await s.settle(s.completion(job));
    CHECK(answer == settled::accepted);
}

CONTRACT_CASE("a token stays behind when its job leaves active, and goes with a rescue")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.release(job));
    const auto released = co_await s.get("a");
    CHECK(released.token == job->token);
    const auto second = co_await s.claim_one();
    co_await s.rescue(second);
    const auto rescued = co_await s.get("a");
    CHECK(rescued.token == "");
}

TEST_SUITE_END();
