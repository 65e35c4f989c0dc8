#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("delay");

namespace {

names promoted_ids(const sweep_answer& answer)
{
    names out;
    for (const auto& due : of(answer.news, cause::due))
        out.push_back(due.job->queue + '/' + due.job->id.str());
    return out;
}

}  // namespace

CONTRACT_CASE("a delayed job is not claimed a millisecond before its time, and is at its time")
{
    co_await s.add("a", {.delay = 1000ms});
    s.pass(999ms);
    const auto early = co_await s.settle_and_claim({}, 1);
    CHECK(early.claimed.empty());
    CHECK(waiting_ids(early.news).empty());
    CHECK(early.next_due == s.now() + 1ms);
    s.pass(1ms);
    const auto due = co_await s.settle_and_claim({}, 1);
    CHECK(ids(due.claimed) == names{"a"});
    CHECK(waiting_ids(due.news) == names{"a"});
    const auto read = co_await s.get("a");
    CHECK(read.run_at == std::nullopt);
    check_counters(read, 1, 0, 0);
}

CONTRACT_CASE("jobs that are due are promoted even where they are not claimed, the earliest first")
{
    co_await s.add("c", {.delay = 3s});
    co_await s.add("a", {.delay = 1s});
    co_await s.add("b", {.delay = 2s});
    co_await s.add("d", {.delay = 4s});
    s.pass(3s);
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(waiting_ids(answer.news) == names{"a", "b", "c"});
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2, .delayed = 1, .active = 1});
    const auto again = co_await s.settle_and_claim({}, 1);
    CHECK(waiting_ids(again.news).empty());
}

CONTRACT_CASE("a promoted job keeps its position: it is older than what was added after it")
{
    co_await s.add("delayed", {.delay = 1s});
    co_await s.add("later");
    s.pass(1s);
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"delayed", "later"});
}

CONTRACT_CASE("a promoted job goes behind smaller priorities")
{
    co_await s.add("delayed", {.priority = 2, .delay = 1s});
    co_await s.add("first", {.priority = 1});
    co_await s.add("last", {.priority = 3});
    s.pass(1s);
    const auto claimed = co_await s.claim(3);
    CHECK(ids(claimed) == names{"first", "delayed", "last"});
}

CONTRACT_CASE("jobs due at the same time run in the order of their adds")
{
    co_await s.add("a", {.delay = 1000ms});
    s.pass(400ms);
    co_await s.add("b", {.delay = 600ms});
    co_await s.add("c", {.delay = 600ms});
    s.pass(600ms);
    const auto answer = co_await s.settle_and_claim({}, 3);
    CHECK(waiting_ids(answer.news) == names{"a", "b", "c"});
    CHECK(ids(answer.claimed) == names{"a", "b", "c"});
}

CONTRACT_CASE("a delayed lifo job goes before the others once it is due")
{
    co_await s.add("a");
    co_await s.add("b", {.lifo = true, .delay = 1s});
    co_await s.add("c");
    s.pass(1s);
    const auto claimed = co_await s.claim(3);
    CHECK(ids(claimed) == names{"b", "a", "c"});
}

CONTRACT_CASE("a call that claims nothing promotes nothing")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("b", {.delay = 1s});
    s.pass(1s);
    co_await s.settle(s.completion(job));
    const auto state = co_await s.state("b");
    CHECK(state == job_state::delayed);
}

CONTRACT_CASE("a claim promotes jobs of its own queue only")
{
    co_await s.in("other").add("a", {.delay = 1s});
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(waiting_ids(answer.news).empty());
    const auto state = co_await s.in("other").state("a");
    CHECK(state == job_state::delayed);
}

CONTRACT_CASE("a sweep promotes what is due in every queue, and nothing else")
{
    auto other = s.in("other");
    co_await s.add("a", {.delay = 1000ms});
    co_await s.add("b", {.delay = 1001ms});
    co_await other.add("c", {.delay = 500ms});
    co_await other.add("d");
    s.pass(1s);
    const auto answer = co_await s.sweep();
    auto promoted = promoted_ids(answer);
    std::ranges::sort(promoted);
    CHECK(promoted == names{"other/c", "q/a"});
    CHECK_FALSE(answer.more);
    const auto a = co_await s.get("a");
    CHECK(a.state == job_state::waiting);
    CHECK(a.run_at == std::nullopt);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1, .delayed = 1});
    const auto counts_after = co_await other.counts();
    CHECK(counts_after == job_counts{.waiting = 2});
    const auto claimed = co_await other.claim(2);
    CHECK(ids(claimed) == names{"c", "d"});
}

CONTRACT_CASE("a sweep promotes no more than its limit, the earliest first, and says that there may be more")
{
    for (int i = 0; i < 7; ++i)
        co_await s.add(std::to_string(i), {.delay = milliseconds{100 - i}});
    s.pass(1s);
    names promoted;
    int sweeps = 0;
    for (bool more = true; more; ++sweeps) {
        REQUIRE(sweeps < 5);
        const auto answer = co_await s.sweep(3);
        CHECK(waiting_ids(answer.news).size() <= 3);
        std::ranges::copy(waiting_ids(answer.news), std::back_inserter(promoted));
        more = answer.more;
    }
    CHECK(promoted == names{"6", "5", "4", "3", "2", "1", "0"});
    CHECK(sweeps == 3);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 7});
}

CONTRACT_CASE("a sweep of an empty store does nothing")
{
    const auto answer = co_await s.sweep();
    CHECK(waiting_ids(answer.news).empty());
    CHECK(of(answer.news, cause::stalled).empty());
    CHECK(of(answer.news, cause::cleaned).empty());
    CHECK_FALSE(answer.more);
}

CONTRACT_CASE("promote makes a delayed job wait now, at the place it has by its add")
{
    co_await s.add("a");
    co_await s.add("b", {.delay = 1h});
    co_await s.add("c");
    const auto before = co_await s.get("b");
    const auto answer = co_await s.promote("b");
    CHECK(answer.found());
    CHECK(answer.done());
    CHECK(answer.was == job_state::delayed);
    REQUIRE(answer.job != nullptr);
    auto expected = before;
    expected.state = job_state::waiting;
    expected.run_at.reset();
    expected.due_at = s.now();
    CHECK(describe(*answer.job) == describe(expected));
    const auto after = co_await s.get("b");
    CHECK(describe(after) == describe(expected));
    const auto claimed = co_await s.claim(3);
    CHECK(ids(claimed) == names{"a", "b", "c"});
}

CONTRACT_CASE("promote takes only a delayed job, and otherwise changes nothing")
{
    const auto completed = co_await s.add_active("completed");
    co_await s.settle(s.completion(completed));
    const auto failed = co_await s.add_active("failed");
    co_await s.settle(s.failing(failed));
    co_await s.add_active("active");
    co_await s.add("waiting");
    for (const std::string id : {"completed", "failed", "active", "waiting"}) {
        const auto before = co_await s.get(id);
        const auto answer = co_await s.promote(id);
        CHECK(answer.found());
        CHECK_FALSE(answer.done());
        CHECK(to_string(*answer.was) == id);
        REQUIRE(answer.job != nullptr);
        CHECK(answer.job->state == answer.was);
        const auto after = co_await s.get(id);
        CHECK(describe(after) == describe(before));
    }
    const auto missing = co_await s.promote("missing");
    CHECK_FALSE(missing.found());
    CHECK_FALSE(missing.done());
    CHECK(missing.job == nullptr);
    co_await s.in("other").add("elsewhere", {.delay = 1s});
    const auto elsewhere = co_await s.promote("elsewhere");
    CHECK_FALSE(elsewhere.found());
}

CONTRACT_CASE("a job that a clock ahead has let wait is not claimed before its time, and lets others pass")
{
    const auto due = s.now() + 10s;
    std::optional<std::string> group;
    SUBCASE("without a group") {}
    SUBCASE("with a group") { group = "g"; }
    co_await s.add("early", {.delay = 10s, .group = group});
    s.pass(20s);
    const auto swept = co_await s.sweep();
    CHECK(waiting_ids(swept.news).size() == 1);
    s.pass(-15s);
    const auto none = co_await s.settle_and_claim({}, 1);
    CHECK(none.claimed.empty());
    CHECK(none.next_due == due);
    co_await s.add("other", {.group = group});
    const auto other = co_await s.settle_and_claim({}, 2);
    CHECK(ids(other.claimed) == std::vector<std::string>{"other"});
    CHECK(other.next_due == due);
    s.pass(4'999ms);
    const auto still = co_await s.claim(1);
    CHECK(still.empty());
    s.pass(1ms);
    const auto in_time = co_await s.claim_one();
    CHECK(in_time->id == "early");
    CHECK(in_time->run_at == std::nullopt);
    CHECK(in_time->due_at == due);
}

CONTRACT_CASE("a job that was promoted by hand may be claimed at once, whatever the clocks say")
{
    co_await s.add("a", {.delay = 10s});
    s.pass(5s);
    co_await s.promote("a");
    s.pass(-5s);
    const auto claimed = co_await s.claim_one();
    CHECK(claimed->id == "a");
}

TEST_SUITE_END();
