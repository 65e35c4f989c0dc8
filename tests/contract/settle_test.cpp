#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "domain/transitions.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("settle");

CONTRACT_CASE("a completed job keeps its result and gives up its lock")
{
    const auto job = co_await s.add_active("a");
    s.pass(3s);
    const auto answer = co_await s.settle(s.completion(job, R"({"id": 12345678901234567890123, "ok":true})"));
    CHECK(answer == settled::accepted);

    auto expected = *job;
    expected.state = job_state::completed;
    expected.attempts_made = 1;
    expected.result = R"({"id": 12345678901234567890123, "ok":true})";
    expected.finished_at = s.now();
    expected.locked_until.reset();
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.completed = 1});
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{});
}

CONTRACT_CASE("a released job waits again where it stood, and nothing counts against it")
{
    co_await s.add_each({"a", "b"});
    const auto job = co_await s.claim_one();
    co_await s.add("c", {.lifo = true});
    const auto answer = co_await s.settle(s.release(job));
    CHECK(answer == settled::accepted);
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::waiting);
    CHECK(read.locked_until == std::nullopt);
    check_counters(read, 1, 0, 0);
    CHECK(read.attempts.empty());
    const auto claimed = co_await s.claim(3);
    CHECK(ids(claimed) == names{"c", "a", "b"});
}

CONTRACT_CASE("long texts of a failure and a long result come back whole")
{
    const std::string message(60'000, 'm');
    const std::string detail(65'000, 'd');
    auto job = co_await s.add_active("a", {.attempts = 2});
    const failure why{.message = message, .detail = detail};
    co_await s.settle({.job = claim_of(job), .change = domain::after_failure(*job, why, s.now(), 0)});
    job = co_await s.claim_one();
    const std::string result = '"' + std::string((1u << 20) - 2, 'r') + '"';
    co_await s.settle(s.completion(job, result));
    const auto read = co_await s.get("a");
    REQUIRE(read.attempts.size() == 1);
    CHECK((read.attempts[0].error == why));
    CHECK((read.result == result));
}

CONTRACT_CASE("a result goes with a retry, whatever its length, and the next one takes its place")
{
    const std::string long_result = '"' + std::string(5000, 'r') + '"';
    const std::string other_long = '"' + std::string(6000, 's') + '"';
    const std::string long_data = '"' + std::string(7000, 'd') + '"';
    for (const auto& data : {std::string{"1"}, long_data}) {
        auto queue = s.in(data.substr(0, 10));
        auto job = co_await queue.add_active("a", {}, data);
        for (const auto& result :
             {long_result, std::string{"2"}, long_result, other_long, std::string{}, long_result}) {
            co_await queue.settle(queue.completion(job, result));
            const auto completed = co_await queue.get("a");
            CHECK((completed.result == result));
            CHECK((completed.data == data));
            co_await queue.retry("a", {});
            const auto waiting = co_await queue.get("a");
            CHECK((waiting.result == ""));
            CHECK((waiting.data == data));
            job = co_await queue.claim_one();
            CHECK((job->result == ""));
            CHECK((job->data == data));
        }
        co_await queue.settle(queue.failing(job));
        const auto failed = co_await queue.get("a");
        CHECK((failed.result == ""));
    }
}

CONTRACT_CASE("texts may hold any character but NUL, which is replaced before")
{
    const std::string text = "a\r\n\t\x1B[0m\x7F \xF0\x9F\x98\x80";
    const auto job = co_await s.add_active("a");
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = text}, 10);
    const failure why{.message = text, .type = text, .detail = text};
    co_await s.settle({.job = claim_of(job), .change = domain::after_failure(*job, why, s.now(), 0)});
    const auto read = co_await s.get("a");
    CHECK(read.failed_reason == text);
    REQUIRE(read.attempts.size() == 1);
    CHECK(read.attempts[0].error == why);
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{text});
}

CONTRACT_CASE("several settlements in one call are carried out each for itself, and answered in order")
{
    co_await s.add("a");
    co_await s.add("b", {.attempts = 2});
    co_await s.add_each({"c", "d"});
    const auto jobs = co_await s.claim(4);
    REQUIRE(jobs.size() == 4);
    auto stranger = s.completion(jobs[2]);
    stranger.job.token = std::string(32, 'f');
    const auto answer =
        co_await s.settle_and_claim({s.completion(jobs[0]), s.failing(jobs[1]), stranger, s.release(jobs[3])}, 0);
    CHECK(
        answer.settlements ==
        std::vector<settled>{settled::accepted, settled::accepted, settled::lost, settled::accepted}
    );
    const auto state_of_a = co_await s.state("a");
    CHECK(state_of_a == job_state::completed);
    const auto state_of_b = co_await s.state("b");
    CHECK(state_of_b == job_state::waiting);
    const auto state_of_c = co_await s.state("c");
    CHECK(state_of_c == job_state::active);
    const auto state_of_d = co_await s.state("d");
    CHECK(state_of_d == job_state::waiting);
}

CONTRACT_CASE("of two settlements of one claim in one call the first counts")
{
    const auto job = co_await s.add_active("a");
    const auto answer = co_await s.settle_and_claim({s.completion(job, "1"), s.failing(job)}, 0);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted, settled::already});
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::completed);
    CHECK(read.result == "1");
    CHECK(read.attempts.empty());
}

CONTRACT_CASE("a call settles before it claims: what waits again can be claimed at once, in its turn")
{
    const auto job = co_await s.add_active("a", {.attempts = 2});
    co_await s.add("b");
    const auto answer = co_await s.settle_and_claim({s.failing(job)}, 2);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    REQUIRE(ids(answer.claimed) == names{"b", "a"});
    check_counters(*answer.claimed[1], 2, 1, 0);
    CHECK(answer.claimed[1]->token != job->token);
}

CONTRACT_CASE("a call that settles and claims gives both answers")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("b");
    co_await s.add("c", {.delay = 5s});
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 2);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    CHECK(ids(answer.claimed) == names{"b"});
    CHECK(answer.next_due == s.now() + 5s);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.delayed = 1, .active = 1, .completed = 1});
}

CONTRACT_CASE("a settlement that names its job by the id alone is as good")
{
    const auto job = co_await s.add_active("a");
    auto end = s.completion(job);
    end.job = claim_by_id(job);
    const auto answer = co_await s.settle(end);
    CHECK(answer == settled::accepted);
    const auto repeated = co_await s.settle(end);
    CHECK(repeated == settled::already);
    const auto state_of_a = co_await s.state("a");
    CHECK(state_of_a == job_state::completed);
}

CONTRACT_CASE("a call with nothing to settle and nothing to claim does nothing")
{
    co_await s.add("a");
    const settle_and_claim_request request{.now = s.now()};
    const auto answer = co_await s->settle_and_claim(request);
    CHECK(answer.settlements.empty());
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == std::nullopt);
    CHECK_FALSE(answer.drained);
}

CONTRACT_CASE("attempts on jobs of several queues end in one call")
{
    auto other = s.in("other");
    const auto a = co_await s.add_active("a");
    const auto b = co_await other.add_active("b");
    const auto answer = co_await s.settle_and_claim({s.completion(a, "1"), other.failing(b)}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted, settled::accepted});
    CHECK(answer.drained);
    const auto completed = co_await s.get("a");
    CHECK(completed.result == "1");
    const auto failed = co_await other.state("b");
    CHECK(failed == job_state::failed);
}

TEST_SUITE_END();
