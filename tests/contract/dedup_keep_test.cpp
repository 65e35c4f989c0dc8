#include <vector>

#include "contract/contract.hpp"
#include "contract/keeping.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("deduplication, keeping the last");

CONTRACT_CASE("while the owner waits or is delayed, no job is kept")
{
    auto delayed = keeping();
    delayed.delay = 1s;
    (void)co_await s.add("a", delayed);
    const auto first = co_await s.add("b", keeping());
    CHECK(first.deduplicated_by == job_id{"a"});
    CHECK(first.job->id == "a");
    s.pass(1s);
    (void)co_await s.sweep();
    const auto second = co_await s.add("b", keeping());
    CHECK(second.job->id == "a");
    const auto exists = co_await s.exists("b");
    CHECK_FALSE(exists);
}

CONTRACT_CASE("while the owner is active, a job is kept for its end: delayed without a date")
{
    const auto owner = co_await with_one_kept(s);
    const auto kept = co_await s.get("kept");
    CHECK(kept.state == job_state::delayed);
    CHECK(kept.run_at == time_point::max());
    CHECK(kept.kept_for == owner->key);
    CHECK_FALSE(kept.holds_dedup);
    s.pass(24h * 365'000);
    const auto swept = co_await s.sweep();
    CHECK(waiting_ids(swept.news).empty());
    const auto answer = co_await s.settle_and_claim({}, 5);
    CHECK(answer.claimed.empty());
    CHECK(waiting_ids(answer.news).empty());
    CHECK(answer.next_due == std::nullopt);
}

CONTRACT_CASE("of several kept jobs the newest stays")
{
    (void)co_await with_one_kept(s);
    auto row = co_await s.add("second", keeping());
    CHECK(row.deduplicated_by == job_id{"a"});
    CHECK(ids(of(row.news, cause::replaced)) == names{"kept"});
    row = co_await s.add("third", keeping(), R"({"n":3})");
    CHECK(ids(of(row.news, cause::replaced)) == names{"second"});
    const auto delayed = co_await s.list(job_state::delayed);
    CHECK(delayed == names{"third"});
    const auto read = co_await s.get("third");
    CHECK(read.data == R"({"n":3})");
}

CONTRACT_CASE("the end of the owner lets the kept job wait, in the claim that it comes with")
{
    const auto owner = co_await with_one_kept(s);
    const auto answer = co_await s.settle_and_claim({s.completion(owner)}, 5);
    CHECK(waiting_ids(answer.news) == names{"kept"});
    CHECK(ids(answer.claimed) == names{"kept"});
    CHECK_FALSE(answer.drained);
    const auto next = co_await s.add("next", keeping());
    CHECK(next.deduplicated_by == job_id{"kept"});
    CHECK(next.job->id == "next");
}

CONTRACT_CASE("the kept job waits when the owner is completed without a claim, and is reported")
{
    const auto owner = co_await with_one_kept(s);
    settle_and_claim_request request{.now = s.now()};
    request.settlements.push_back(s.completion(owner));
    const auto answer = co_await s->settle_and_claim(std::move(request));
    CHECK(waiting_ids(answer.news) == names{"kept"});
    co_await check_freed(s);
}

CONTRACT_CASE("the kept job waits when the owner has failed for good, and not while it is tried again")
{
    auto options = keeping();
    options.attempts = 2;
    const auto first = co_await with_one_kept(s, options);
    (void)co_await s.settle(s.failing(first));
    const auto between = co_await s.state("kept");
    CHECK(between == job_state::delayed);
    const auto last = co_await s.claim_one();
    REQUIRE(last->id == "a");
    (void)co_await s.settle(s.failing(last));
    co_await check_freed(s);
}

CONTRACT_CASE("the kept job waits when the owner is removed as soon as it is completed")
{
    auto options = keeping();
    options.on_completed = retention::remove_at_once();
    const auto owner = co_await with_one_kept(s, options);
    (void)co_await s.settle(s.completion(owner));
    const auto exists = co_await s.exists("a");
    CHECK_FALSE(exists);
    co_await check_freed(s);
}

CONTRACT_CASE("the kept job waits when the owner is removed by force, and is reported")
{
    (void)co_await with_one_kept(s);
    const auto answer = co_await s.change("a", forced_removal{});
    CHECK(ids(of(answer.news, cause::freed)) == names{"kept"});
    co_await check_freed(s);
}

CONTRACT_CASE("the kept job waits when the owner is put back and removed then")
{
    const auto owner = co_await with_one_kept(s);
    (void)co_await s.settle(s.release(owner));
    const auto between = co_await s.state("kept");
    CHECK(between == job_state::delayed);
    const auto answer = co_await s->change_all(s.queue(), {.state = job_state::waiting}, {}, removal{}, s.now());
    CHECK(answer.changed == 1);
    CHECK(ids(answer.news) == names{"a", "kept"});
    CHECK(ids(of(answer.news, cause::freed)) == names{"kept"});
    co_await check_freed(s);
}

CONTRACT_CASE("the kept job waits when the owner is put back and cancelled then")
{
    const auto owner = co_await with_one_kept(s);
    (void)co_await s.settle(s.release(owner));
    const auto answer = co_await s.cancel("a", "why");
    CHECK(ids(of(answer.news, cause::freed)) == names{"kept"});
    co_await check_freed(s);
}

CONTRACT_CASE("the kept job waits when the owner is cancelled while it runs and fails for that")
{
    const auto owner = co_await with_one_kept(s);
    const auto asked = co_await s.cancel("a", "why");
    CHECK(of(asked.news, cause::freed).empty());
    const auto answer = co_await s.settle_and_claim({s.failing(owner)}, 0);
    CHECK(waiting_ids(answer.news) == names{"kept"});
    co_await check_freed(s);
}

CONTRACT_CASE("the kept job waits when the owner has stalled too often, and not while it is rescued")
{
    auto options = keeping();
    options.max_stalled_count = 1;
    const auto first = co_await with_one_kept(s, options);
    (void)co_await s.rescue(first);
    const auto between = co_await s.state("kept");
    CHECK(between == job_state::delayed);
    const auto last = co_await s.claim_one();
    sweep_request request{.now = s.now()};
    request.rescues.push_back({.key = last->key, .token = last->token, .locked_until = *last->locked_until});
    const auto answer = co_await s->sweep(std::move(request));
    CHECK(waiting_ids(answer.news) == names{"kept"});
    co_await check_freed(s);
}

CONTRACT_CASE("of three jobs in one call the owner is not active, and so none is kept")
{
    std::vector<job_draft> jobs{s.make("a", keeping()), s.make("b", keeping()), s.make("c", keeping())};
    const auto rows = (co_await s->add(std::move(jobs))).rows;
    CHECK(rows[1].job->id == "a");
    CHECK(rows[2].job->id == "a");
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1});
}

CONTRACT_CASE("of two jobs in one call beside an active owner the second is kept")
{
    const auto owner = co_await s.add_active("a", keeping());
    std::vector<job_draft> jobs{s.make("b", keeping()), s.make("c", keeping())};
    const auto added = co_await s->add(std::move(jobs));
    CHECK(ids(of(added.news, cause::replaced)) == names{"b"});
    const auto answer = co_await s.settle_and_claim({s.completion(owner)}, 5);
    CHECK(ids(answer.claimed) == names{"c"});
}

CONTRACT_CASE("two owners have each a kept job of their own")
{
    const auto first = co_await s.add_active("a", keeping("1"));
    const auto second = co_await s.add_active("b", keeping("2"));
    (void)co_await s.add("kept 1", keeping("1"));
    (void)co_await s.add("kept 2", keeping("2"));
    const auto answer = co_await s.settle_and_claim({s.completion(second)}, 5);
    CHECK(ids(answer.claimed) == names{"kept 2"});
    const auto other = co_await s.settle_and_claim({s.completion(first)}, 5);
    CHECK(ids(other.claimed) == names{"kept 1"});
}

TEST_SUITE_END();
