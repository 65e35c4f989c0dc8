// What is done to a job that is kept for the end of another.
#include "contract/contract.hpp"
#include "contract/keeping.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("deduplication, keeping the last");

CONTRACT_CASE("a kept job that is promoted by hand runs beside the owner and owns nothing")
{
    const auto owner = co_await with_one_kept(s);
    const auto promoted = co_await s.promote("kept");
    CHECK(promoted.done());
    const auto kept = co_await s.claim_one();
    CHECK(kept->id == "kept");
    CHECK(kept->kept_for == 0);
    CHECK_FALSE(kept->holds_dedup);
    const auto next = co_await s.add("next", keeping());
    CHECK(next.deduplicated_by == job_id{"a"});
    const auto answer = co_await s.settle_and_claim({s.completion(kept), s.completion(owner)}, 5);
    CHECK(ids(answer.claimed) == names{"next"});
}

CONTRACT_CASE("a kept job that gets a delay of its own is kept no more")
{
    const auto owner = co_await with_one_kept(s);
    const auto changed = co_await s.change("kept", new_delay{.wait = 1s});
    CHECK(changed.done());
    const auto read = co_await s.get("kept");
    CHECK(read.kept_for == 0);
    CHECK(read.run_at == s.now() + 1s);
    const auto answer = co_await s.settle_and_claim({s.completion(owner)}, 5);
    CHECK(waiting_ids(answer.news).empty());
    CHECK(answer.claimed.empty());
    s.pass(1s);
    const auto job = co_await s.claim_one();
    CHECK(job->id == "kept");
}

CONTRACT_CASE("a kept job that gets another priority is kept all the same")
{
    const auto owner = co_await with_one_kept(s);
    (void)co_await s.change("kept", new_priority{.priority = 3});
    const auto read = co_await s.get("kept");
    CHECK(read.kept_for == owner->key);
    const auto answer = co_await s.settle_and_claim({s.completion(owner)}, 5);
    CHECK(ids(answer.claimed) == names{"kept"});
    CHECK(answer.claimed[0]->priority == 3);
}

CONTRACT_CASE("a kept job that is removed or cancelled does not come back")
{
    const auto owner = co_await with_one_kept(s);
    const auto removed = co_await s.remove("kept");
    CHECK(removed.done());
    (void)co_await s.add("cancelled", keeping());
    (void)co_await s.cancel("cancelled", "why");
    const auto answer = co_await s.settle_and_claim({s.completion(owner)}, 5);
    CHECK(waiting_ids(answer.news).empty());
    CHECK(answer.claimed.empty());
    const auto state = co_await s.state("cancelled");
    CHECK(state == job_state::failed);
}

CONTRACT_CASE("a kept job that expires does not come back")
{
    const auto owner = co_await s.add_active("a", keeping());
    auto short_lived = keeping();
    short_lived.ttl = 1s;
    (void)co_await s.add("kept", short_lived);
    s.pass(1s);
    const auto swept = co_await s.sweep();
    REQUIRE(of(swept.news, cause::unfit).size() == 1);
    const auto answer = co_await s.settle_and_claim({s.completion(owner)}, 5);
    CHECK(waiting_ids(answer.news).empty());
    CHECK(answer.claimed.empty());
    const auto state = co_await s.state("kept");
    CHECK(state == job_state::failed);
}

CONTRACT_CASE("the delay of a kept job is not waited for: it runs when the owner has finished")
{
    const auto owner = co_await s.add_active("a", keeping());
    auto late = keeping();
    late.delay = 1h;
    (void)co_await s.add("kept", late);
    (void)co_await s.settle(s.completion(owner));
    co_await check_freed(s);
}

TEST_SUITE_END();
