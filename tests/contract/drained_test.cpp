// `drained`: something was settled, a claim came back empty, and nothing is waiting, due or active.
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("drained");

CONTRACT_CASE("the last settlement with an empty claim drains the queue, whatever the end")
{
    struct {
        const char* name;
        job_options options;
        settlement (*end)(subject, job_snapshot);
    } const cases[] = {
        {"completed", {}, [](subject q, job_snapshot job) { return q.completion(job); }},
        {"failed", {}, [](subject q, job_snapshot job) { return q.failing(job); }},
        {"removed",
         {.on_completed = retention::remove_at_once()},
         [](subject q, job_snapshot job) { return q.completion(job); }},
        {"delayed",
         {.attempts = 2, .backoff = backoff::fixed(1s)},
         [](subject q, job_snapshot job) { return q.failing(job); }},
    };
    for (const auto& c : cases) {
        INFO(c.name);
        auto queue = s.in(c.name);
        const auto job = co_await queue.add_active("a", c.options);
        const auto answer = co_await queue.settle_and_claim({c.end(queue, job)}, 1);
        CHECK(answer.claimed.empty());
        CHECK(answer.drained);
    }
}

CONTRACT_CASE("jobs that are delayed do not keep a queue from being drained")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("later", {.delay = 1ms});
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(answer.drained);
    CHECK(answer.next_due == s.now() + 1ms);
}

CONTRACT_CASE("a job that is due does")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("due", {.delay = 1ms});
    s.pass(1ms);
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(ids(answer.claimed) == std::vector<std::string>{"due"});
    CHECK_FALSE(answer.drained);
}

CONTRACT_CASE("another active job keeps a queue from being drained")
{
    const auto a = co_await s.add_active("a");
    const auto b = co_await s.add_active("b");
    const auto first = co_await s.settle_and_claim({s.completion(a)}, 1);
    CHECK_FALSE(first.drained);
    const auto second = co_await s.settle_and_claim({s.completion(b)}, 1);
    CHECK(second.drained);
}

CONTRACT_CASE("a waiting job of a paused queue keeps it from being drained")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("b");
    co_await s->set_paused(s.queue(), true);
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(answer.claimed.empty());
    CHECK_FALSE(answer.drained);
}

CONTRACT_CASE("a paused queue is drained like any other")
{
    const auto job = co_await s.add_active("a");
    co_await s->set_paused(s.queue(), true);
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(answer.drained);
}

CONTRACT_CASE("a settlement that claims nothing does not tell")
{
    const auto job = co_await s.add_active("a");
    settle_and_claim_request request{.now = s.now(), .settlements = {s.completion(job)}};
    const auto answer = co_await s->settle_and_claim(std::move(request));
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    CHECK_FALSE(answer.drained);
}

CONTRACT_CASE("an empty claim that settles nothing drains nothing")
{
    const auto job = co_await s.add_active("a");
    const auto empty = co_await s.settle_and_claim({}, 1);
    CHECK_FALSE(empty.drained);
    const auto drained = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(drained.drained);
    const auto after = co_await s.settle_and_claim({}, 1);
    CHECK_FALSE(after.drained);
}

CONTRACT_CASE("a settlement that is repeated or lost drains nothing")
{
    const auto job = co_await s.add_active("a");
    co_await s.settle(s.completion(job));
    const auto repeated = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(repeated.settlements == std::vector<settled>{settled::already});
    CHECK_FALSE(repeated.drained);
    co_await s.remove("a");
    const auto lost = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(lost.settlements == std::vector<settled>{settled::lost});
    CHECK_FALSE(lost.drained);
}

CONTRACT_CASE("a release that is claimed again at once drains nothing")
{
    const auto job = co_await s.add_active("a");
    const auto answer = co_await s.settle_and_claim({s.release(job)}, 1);
    CHECK(answer.claimed.size() == 1);
    CHECK_FALSE(answer.drained);
}

CONTRACT_CASE("other queues keep no queue from being drained")
{
    auto other = s.in("other");
    co_await other.add_active("active");
    co_await other.add("waiting");
    const auto job = co_await s.add_active("a");
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(answer.drained);
}

TEST_SUITE_END();
