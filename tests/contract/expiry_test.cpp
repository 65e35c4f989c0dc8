#include <string>

#include "contract/contract.hpp"
#include "contract/expired.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("expiry");

CONTRACT_CASE("a job that is due after its time is over becomes due and fails")
{
    const auto added = co_await s.add("a", {.delay = 2s, .ttl = 1s});
    CHECK(added.job->expires_at == s.now() + 1s);
    s.pass(2s);
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(waiting_ids(answer.news) == names{"a"});
    CHECK(ids(of(answer.news, cause::unfit)) == names{"a"});
    CHECK(answer.claimed.empty());
    const auto read = co_await s.get("a");
    CHECK(read.failed_reason == "expired");
    CHECK(read.run_at == std::nullopt);
}

CONTRACT_CASE("a sweep fails what has expired in every queue, waiting or delayed, and nothing else")
{
    auto other = s.in("other");
    co_await s.add("waiting", {.ttl = 1000ms});
    co_await s.add("delayed", {.delay = 1h, .ttl = 1000ms});
    co_await s.add("not yet", {.ttl = 1001ms});
    co_await s.add("never");
    co_await other.add("elsewhere", {.ttl = 500ms});
    s.pass(999ms);
    const auto early = co_await s.sweep();
    CHECK(expired_ids(early) == names{"other/elsewhere"});
    s.pass(1ms);
    const auto expected = expired(co_await s.get("delayed"), s.now());
    const auto answer = co_await s.sweep();
    CHECK(expired_ids(answer) == names{"q/delayed", "q/waiting"});
    CHECK_FALSE(answer.more);
    const auto read = co_await s.get("delayed");
    CHECK(describe(read) == describe(expected));
    for (const auto& job : of(answer.news, cause::unfit))
        if (job.job->id == job_id{"delayed"})
            CHECK(describe(*job.job) == describe(expected));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2, .failed = 2});
    const auto again = co_await s.sweep();
    CHECK(of(again.news, cause::unfit).empty());
}

CONTRACT_CASE("a sweep fails no more than its limit, the earliest first, and says that there may be more")
{
    for (int i = 0; i < 7; ++i)
        co_await s.add(std::to_string(i), {.ttl = milliseconds{100 - i}});
    s.pass(1s);
    names failed;
    int sweeps = 0;
    for (bool more = true; more; ++sweeps) {
        REQUIRE(sweeps < 5);
        const auto answer = co_await s.sweep(3);
        CHECK(of(answer.news, cause::unfit).size() <= 3);
        for (const auto& job : of(answer.news, cause::unfit))
            failed.push_back(job.job->id.str());
        more = answer.more;
    }
    CHECK(failed == names{"6", "5", "4", "3", "2", "1", "0"});
    CHECK(sweeps == 3);
}

CONTRACT_CASE("a job that was started in time does not expire any more, whatever becomes of its attempt")
{
    struct {
        const char* name;
        settlement (*end)(const subject&, job_snapshot);
        int attempts_made;
        int deferrals;
    } const ends[] = {
        {"released", [](const subject& from, job_snapshot job) { return from.release(job); }, 0, 0},
        {"failed once", [](const subject& from, job_snapshot job) { return from.failing(job); }, 1, 0},
        {"put off", [](const subject& from, job_snapshot job) { return from.putting_off(job, delay_for{}); }, 0, 1},
    };
    for (const auto& [name, end, attempts_made, deferrals] : ends) {
        INFO(name);
        auto queue = s.in(name);
        const auto job = co_await queue.add_active("a", {.attempts = 3, .ttl = 1s});
        co_await queue.settle(end(queue, job));
        s.pass(1h);
        const auto swept = co_await s.sweep();
        CHECK(of(swept.news, cause::unfit).empty());
        const auto again = co_await queue.settle_and_claim({}, 1);
        CHECK(of(again.news, cause::unfit).empty());
        REQUIRE(ids(again.claimed) == names{"a"});
        check_counters(*again.claimed[0], 2, attempts_made, 0, deferrals);
    }
}

CONTRACT_CASE("a job whose lock is taken away after its time was over runs again")
{
    const auto job = co_await s.add_active("a", {.ttl = 1s});
    s.pass(1h);
    const auto swept = co_await s.sweep();
    CHECK(of(swept.news, cause::unfit).empty());
    const auto active = co_await s.state("a");
    CHECK(active == job_state::active);
    co_await s.rescue(job);
    const auto again = co_await s.settle_and_claim({}, 1);
    CHECK(ids(again.claimed) == names{"a"});
    CHECK(of(again.news, cause::unfit).empty());
}

CONTRACT_CASE("an expired job that is retried may start at any time")
{
    co_await s.add("a", {.ttl = 1s});
    s.pass(1s);
    co_await s.sweep();
    const auto answer = co_await s.retry("a", {});
    CHECK(answer.done());
    CHECK(answer.job->expires_at == std::nullopt);
    s.pass(1h);
    const auto swept = co_await s.sweep();
    CHECK(of(swept.news, cause::unfit).empty());
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{"a"});
}

CONTRACT_CASE("a job that was cancelled before it started and is retried may start at any time")
{
    co_await s.add("a", {.ttl = 1s});
    co_await s.cancel("a", "why");
    s.pass(1h);
    co_await s.retry("a", {});
    const auto swept = co_await s.sweep();
    CHECK(of(swept.news, cause::unfit).empty());
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{"a"});
}

CONTRACT_CASE("an expired job is kept or removed as a failed job is")
{
    const job_options gone{.ttl = 1s, .on_failed = retention::remove_at_once()};
    co_await s.add("at a claim", gone);
    s.pass(1s);
    const auto claim = co_await s.settle_and_claim({}, 1);
    REQUIRE(ids(of(claim.news, cause::unfit)) == names{"at a claim"});
    CHECK(of(claim.news, cause::unfit)[0].job->state == job_state::failed);
    co_await s.add("at a sweep", gone);
    s.pass(1s);
    const auto swept = co_await s.sweep();
    CHECK(expired_ids(swept) == names{"q/at a sweep"});
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});

    co_await s.add("kept", {.ttl = 1s, .on_failed = retention::keep_for(10s)});
    s.pass(1s);
    co_await s.sweep();
    s.pass(9999ms);
    co_await s.sweep();
    const auto still = co_await s.exists("kept");
    CHECK(still);
    s.pass(1ms);
    co_await s.sweep();
    const auto exists = co_await s.exists("kept");
    CHECK_FALSE(exists);
}

CONTRACT_CASE("neither a promotion nor a change of delay or priority gives a job more time")
{
    for (const auto* id : {"promoted", "sooner", "later", "other priority"})
        co_await s.add(id, {.delay = 500ms, .ttl = 1s});
    co_await s.promote("promoted");
    co_await s.change("sooner", new_delay{});
    co_await s.change("later", new_delay{.wait = 1h});
    co_await s.change("other priority", new_priority{.priority = 1});
    s.pass(1s);
    const auto swept = co_await s.sweep();
    CHECK(expired_ids(swept) == names{"q/later", "q/other priority", "q/promoted", "q/sooner"});
}

TEST_SUITE_END();
