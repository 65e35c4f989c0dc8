#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("pause");

CONTRACT_CASE("from a paused queue nothing is claimed until it is resumed")
{
    co_await s.add_each({"a", "b"});
    const auto changed = co_await s->set_paused(s.queue(), true);
    CHECK(changed);
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{});
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2});
    const auto changed_again = co_await s->set_paused(s.queue(), false);
    CHECK(changed_again);
    const auto claimed_next = co_await s.claim(2);
    CHECK(ids(claimed_next) == names{"a", "b"});
}

CONTRACT_CASE("pausing a paused queue changes nothing, and says so")
{
    const auto paused = co_await s->is_paused(s.queue());
    CHECK_FALSE(paused);
    const auto changed = co_await s->set_paused(s.queue(), false);
    CHECK_FALSE(changed);
    const auto changed_again = co_await s->set_paused(s.queue(), true);
    CHECK(changed_again);
    const auto paused_after = co_await s->is_paused(s.queue());
    CHECK(paused_after);
    const auto changed_back = co_await s->set_paused(s.queue(), true);
    CHECK_FALSE(changed_back);
    const auto paused_later = co_await s->is_paused(s.queue());
    CHECK(paused_later);
}

CONTRACT_CASE("a queue may be paused before its first job")
{
    co_await s->set_paused(s.queue(), true);
    co_await s.add("a");
    const auto claimed = co_await s.claim(1);
    CHECK(ids(claimed) == names{});
}

CONTRACT_CASE("a paused queue does not pause another")
{
    auto other = s.in("other");
    co_await s.add("a");
    co_await other.add("b");
    co_await s->set_paused(s.queue(), true);
    const auto paused = co_await s->is_paused("other");
    CHECK_FALSE(paused);
    const auto claimed = co_await other.claim(1);
    CHECK(ids(claimed) == names{"b"});
}

CONTRACT_CASE("a running job of a paused queue can be written to, renewed and finished")
{
    const auto job = co_await s.add_active("a");
    co_await s->set_paused(s.queue(), true);
    const auto stored = (co_await s->update_progress(claim_of(job), "1")).stored;
    CHECK(stored);
    const auto logged = (co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "x"}, 10)).stored;
    CHECK(logged);
    std::vector<lock_extension> locks{{.job = claim_of(job), .duration = 1s}};
    const auto extended = co_await s.extend(std::move(locks));
    CHECK(extended == std::vector<bool>{true});
    const auto answer = co_await s.settle(s.completion(job));
    CHECK(answer == settled::accepted);
}

CONTRACT_CASE("a claim from a paused queue settles what it brings along")
{
    const auto job = co_await s.add_active("a");
    co_await s.add("b");
    co_await s->set_paused(s.queue(), true);
    const auto answer = co_await s.settle_and_claim({s.completion(job)}, 1);
    CHECK(answer.settlements == std::vector<settled>{settled::accepted});
    CHECK(answer.claimed.empty());
    CHECK_FALSE(answer.drained);
}

CONTRACT_CASE("in a paused queue promotions go on: by a claim, a sweep and by hand")
{
    co_await s->set_paused(s.queue(), true);
    co_await s.add("by claim", {.delay = 1s});
    co_await s.add("by sweep", {.delay = 2s});
    co_await s.add("by hand", {.delay = 3s});
    s.pass(1s);
    const auto claim = co_await s.settle_and_claim({}, 1);
    CHECK(claim.claimed.empty());
    CHECK(waiting_ids(claim.news) == names{"by claim"});
    CHECK(claim.next_due == s.now() + 1s);
    s.pass(1s);
    const auto sweep = co_await s.sweep();
    CHECK(waiting_ids(sweep.news).size() == 1);
    const auto by_hand = co_await s.promote("by hand");
    CHECK(by_hand.done());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 3});
}

CONTRACT_CASE("in a paused queue stalled jobs are rescued, and others retried and removed")
{
    const auto stalled = co_await s.add_active("stalled");
    const auto failed = co_await s.add_active("failed");
    co_await s.settle(s.failing(failed));
    co_await s.add("removed");
    co_await s->set_paused(s.queue(), true);
    const auto rescued = co_await s.rescue(stalled);
    CHECK(rescued);
    const auto retried = co_await s.retry("failed", {});
    CHECK(retried.done());
    const auto removed = co_await s.remove("removed");
    CHECK(removed.done());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2});
}

TEST_SUITE_END();
