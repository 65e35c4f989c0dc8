// What a claim does about expired jobs.
#include <string>
#include <vector>

#include "contract/contract.hpp"
#include "contract/expired.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("expiry");

CONTRACT_CASE("a job that was not started in time fails where it would have been claimed, and the next one is taken")
{
    co_await s.add("a", {.ttl = 1000ms});
    co_await s.add("b");
    s.pass(1000ms);
    const auto expected = expired(co_await s.get("a"), s.now());
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(ids(answer.claimed) == names{"b"});
    REQUIRE(ids(of(answer.news, cause::unfit)) == names{"a"});
    CHECK(describe(*of(answer.news, cause::unfit)[0].job) == describe(expected));
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    check_counters(read, 0, 0, 0);
    CHECK(read.attempts.empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.active = 1, .failed = 1});
}

CONTRACT_CASE("a job is started a millisecond before its time is over")
{
    const auto added = co_await s.add("a", {.ttl = 1000ms});
    CHECK(added.job->expires_at == s.now() + 1000ms);
    s.pass(999ms);
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(ids(answer.claimed) == names{"a"});
    CHECK(of(answer.news, cause::unfit).empty());
    CHECK(answer.claimed[0]->expires_at == added.job->expires_at);
}

CONTRACT_CASE("a claim ends 1,000 jobs at most, and says that the next one can be asked for at once")
{
    for (const bool grouped : {false, true}) {
        auto in = s.in(grouped ? "in groups" : "alike");
        const auto group = grouped ? std::optional<std::string>{"g"} : std::nullopt;
        std::vector<job_draft> late;
        for (int i = 0; i < 1500; ++i)
            late.push_back(in.make(std::to_string(i), {.ttl = 1s, .group = i % 2 == 0 ? group : std::nullopt}));
        (void)co_await s->add(std::move(late));
        co_await in.add("fit", {.group = group});
        s.pass(1s);
        auto answer = co_await in.settle_and_claim({}, 10);
        CHECK(of(answer.news, cause::unfit).size() == 1000);
        CHECK(answer.claimed.empty());
        CHECK(answer.next_due == s.now());
        answer = co_await in.settle_and_claim({}, 10);
        CHECK(of(answer.news, cause::unfit).size() == 500);
        CHECK(ids(answer.claimed) == names{"fit"});
        CHECK(answer.next_due == std::nullopt);
    }
}

CONTRACT_CASE("a claim fails all that stands in its way, in their order, and no more")
{
    for (const auto* id : {"a", "b"})
        co_await s.add(id, {.ttl = 1s});
    co_await s.add("c");
    co_await s.add("d", {.ttl = 1s});
    co_await s.add("e");
    co_await s.add("f", {.ttl = 1s});
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({}, 2);
    CHECK(ids(of(answer.news, cause::unfit)) == names{"a", "b", "d"});
    CHECK(ids(answer.claimed) == names{"c", "e"});
    const auto f = co_await s.state("f");
    CHECK(f == job_state::waiting);
}

CONTRACT_CASE("an add that claims passes over what has expired, and takes the new job")
{
    co_await s.add("old", {.ttl = 1s});
    s.pass(1s);
    const auto answer = co_await s.add_and_claim("new");
    CHECK(ids(of(answer.news, cause::unfit)) == names{"old"});
    CHECK(ids(answer.claimed) == names{"new"});
}

CONTRACT_CASE("a paused queue claims nothing, and so fails nothing at a claim, but a sweep does")
{
    co_await s.add("a", {.ttl = 1s});
    co_await s->set_paused(s.queue(), true);
    s.pass(1s);
    const auto claim = co_await s.settle_and_claim({}, 1);
    CHECK(of(claim.news, cause::unfit).empty());
    const auto swept = co_await s.sweep();
    CHECK(expired_ids(swept) == names{"q/a"});
}

CONTRACT_CASE("a queue is drained where the last of its jobs expires at the claim")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("b", {.ttl = 1s});
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(ids(of(answer.news, cause::unfit)) == names{"b"});
    CHECK(answer.drained);
}

TEST_SUITE_END();
