#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;
using mode = deduplication::mode;

TEST_SUITE_BEGIN("deduplication");

namespace {

job_options unique(mode how = mode::until_finished, milliseconds ttl = {})
{
    return {.dedup = deduplication{.id = "d", .how = how, .ttl = ttl}};
}

constexpr mode modes_without_time[] = {mode::until_finished, mode::replace, mode::keep_last};

/// Whether an add with the deduplication id goes through now.
asio::awaitable<bool> adds_unique(subject s, std::string id)
{
    const auto row = co_await s.add(std::move(id), unique());
    co_return !row.deduplicated_by;
}

}  // namespace

CONTRACT_CASE("the first job with a deduplication id is added and owns it")
{
    for (const auto how : {mode::until_finished, mode::throttle, mode::extend, mode::replace, mode::keep_last}) {
        auto in = s.in("queue " + std::to_string(static_cast<int>(how)));
        const auto row = co_await in.add("a", unique(how, 1s));
        CHECK_FALSE(row.duplicate);
        CHECK_FALSE(row.deduplicated_by);
        CHECK(of(row.news, cause::replaced).empty());
        CHECK(row.job->id == "a");
        CHECK(row.job->holds_dedup);
        const auto read = co_await in.get("a");
        CHECK(read.holds_dedup);
        CHECK(*read.options->dedup == *unique(how, 1s).dedup);
    }
}

CONTRACT_CASE("while its owner waits, a second job is not added, and the owner is answered")
{
    for (const auto how : modes_without_time) {
        auto in = s.in("queue " + std::to_string(static_cast<int>(how)));
        const auto owner = co_await in.add("a", unique(how), R"({"n":1})");
        const auto row = co_await in.add("b", unique(how), R"({"n":2})");
        CHECK(row.deduplicated_by == job_id{"a"});
        CHECK_FALSE(row.duplicate);
        CHECK(of(row.news, cause::replaced).empty());
        CHECK(describe(*row.job) == describe(*owner.job));
        const auto counts = co_await in.counts();
        CHECK(counts == job_counts{.waiting = 1});
    }
}

CONTRACT_CASE("until its owner has finished a second job is not added: delayed, active, tried again, rescued")
{
    (void)co_await s.add("a", {.delay = 1s, .attempts = 2, .dedup = unique().dedup});
    const auto delayed = co_await adds_unique(s, "b");
    CHECK_FALSE(delayed);
    s.pass(1s);
    const auto job = co_await s.claim_one();
    const auto active = co_await adds_unique(s, "b");
    CHECK_FALSE(active);
    (void)co_await s.settle(s.failing(job));
    const auto again = co_await adds_unique(s, "b");
    CHECK_FALSE(again);
    const auto last = co_await s.claim_one();
    (void)co_await s.rescue(last);
    const auto rescued = co_await adds_unique(s, "b");
    CHECK_FALSE(rescued);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1});
}

CONTRACT_CASE(
    "the end of its owner frees a deduplication id: completed, failed, cancelled, expired or stalled too often"
)
{
    const auto completed = co_await s.add_active("completed", unique());
    (void)co_await s.settle(s.completion(completed));
    const auto failed = co_await s.add_active("failed", unique());
    (void)co_await s.settle(s.failing(failed));
    auto row = co_await s.add("cancelled", unique());
    CHECK_FALSE(row.deduplicated_by);
    (void)co_await s.cancel("cancelled", "why");
    row = co_await s.add("expired", {.ttl = 1s, .dedup = unique().dedup});
    CHECK_FALSE(row.deduplicated_by);
    s.pass(1s);
    (void)co_await s.sweep();
    const auto stalled = co_await s.add_active("stalled", {.dedup = unique().dedup, .max_stalled_count = 0});
    (void)co_await s.rescue(stalled);
    const auto free = co_await adds_unique(s, "last");
    CHECK(free);
    for (const auto* id : {"completed", "failed", "cancelled", "expired", "stalled"}) {
        const auto job = co_await s.get(id);
        CHECK_FALSE(job.holds_dedup);
    }
}

CONTRACT_CASE("the removal of its owner frees a deduplication id, in any state and by any way")
{
    (void)co_await s.add("waiting", unique());
    (void)co_await s.remove("waiting");
    (void)co_await s.add("delayed", {.delay = 1s, .dedup = unique().dedup});
    (void)co_await s.change_all({.state = job_state::delayed}, removal{});
    const auto active = co_await s.add_active("active", unique());
    (void)co_await s.change("active", forced_removal{});
    auto at_once = unique();
    at_once.on_completed = retention::remove_at_once();
    const auto completed = co_await s.add_active("completed", at_once);
    (void)co_await s.settle(s.completion(completed));
    const auto free = co_await adds_unique(s, "last");
    CHECK(free);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1});
}

CONTRACT_CASE("a finished job that runs again owns nothing, and so two of them may run")
{
    const auto first = co_await s.add_active("a", unique());
    (void)co_await s.settle(s.failing(first));
    (void)co_await s.add("b", unique());
    const auto retried = co_await s.retry("a", {});
    CHECK(retried.done());
    const auto claimed = co_await s.claim(5);
    CHECK(ids(claimed) == names{"b", "a"});
    (void)co_await s.settle_and_claim({s.completion(claimed[1])}, 1);
    const auto still_owned = co_await adds_unique(s, "c");
    CHECK_FALSE(still_owned);
}

CONTRACT_CASE("deduplication ids of two queues, and other ones of the same, know nothing of each other")
{
    auto other = s.in("other");
    (void)co_await s.add("a", unique());
    const auto elsewhere = co_await other.add("a", unique());
    CHECK_FALSE(elsewhere.deduplicated_by);
    const auto other_id = co_await s.add("b", {.dedup = deduplication{.id = "D"}});
    CHECK_FALSE(other_id.deduplicated_by);
    const auto none = co_await s.add("c");
    CHECK_FALSE(none.deduplicated_by);
}

CONTRACT_CASE("a job whose own id exists is a duplicate, whatever its deduplication id says")
{
    (void)co_await s.add("a", unique());
    const auto of_owner = co_await s.add("a", unique());
    CHECK(of_owner.duplicate);
    CHECK_FALSE(of_owner.deduplicated_by);
    (void)co_await s.add("b");
    const auto of_another = co_await s.add("b", unique(mode::replace));
    CHECK(of_another.duplicate);
    CHECK(of_another.job->id == "b");
    (void)co_await s.remove("a");
    const auto free_still = co_await s.add("b", unique());
    CHECK(free_still.duplicate);
    const auto not_taken = co_await adds_unique(s, "c");
    CHECK(not_taken);
}

CONTRACT_CASE("of two jobs in one call with the same deduplication id the first one is added")
{
    std::vector<job_draft> jobs{s.make("a", unique()), s.make("b"), s.make("c", unique()), s.make("d")};
    const auto rows = (co_await s->add(std::move(jobs))).rows;
    REQUIRE(rows.size() == 4);
    CHECK_FALSE(rows[0].deduplicated_by);
    CHECK_FALSE(rows[1].deduplicated_by);
    CHECK(rows[2].deduplicated_by == job_id{"a"});
    CHECK(rows[2].job->id == "a");
    CHECK(rows[3].job->id == "d");
    const auto claimed = co_await s.claim(9);
    CHECK(ids(claimed) == names{"a", "b", "d"});
}

CONTRACT_CASE("of two delayed jobs in one call the second replaces the first")
{
    auto delayed = unique(mode::replace);
    delayed.delay = 1s;
    std::vector<job_draft> jobs{s.make("a", delayed), s.make("b", delayed)};
    const auto added = co_await s->add(std::move(jobs));
    REQUIRE(added.rows.size() == 2);
    CHECK(added.rows[1].job->id == "b");
    CHECK(ids(added.news) == names{"a", "a", "b"});
    CHECK(ids(of(added.news, cause::replaced)) == names{"a"});
    const auto found = co_await s.list({});
    CHECK(found == names{"b"});
}

CONTRACT_CASE("a delayed owner is replaced, with its own time and data, and any other is not")
{
    auto debounced = unique(mode::replace);
    debounced.delay = 1s;
    (void)co_await s.add("a", debounced, R"({"n":1})");
    s.pass(600ms);
    const auto row = co_await s.add("b", debounced, R"({"n":2})");
    CHECK_FALSE(row.deduplicated_by);
    CHECK(ids(of(row.news, cause::replaced)) == names{"a"});
    CHECK(row.job->id == "b");
    CHECK(row.job->run_at == s.now() + 1s);
    const auto gone = co_await s.exists("a");
    CHECK_FALSE(gone);
    s.pass(999ms);
    const auto early = co_await s.claim(1);
    CHECK(early.empty());
    s.pass(1ms);
    const auto job = co_await s.claim_one();
    CHECK(job->data == R"({"n":2})");
    const auto refused = co_await s.add("c", debounced);
    CHECK(refused.deduplicated_by == job_id{"b"});
    CHECK(of(refused.news, cause::replaced).empty());
}

CONTRACT_CASE("an owner that waits for its next attempt is replaced too, and its attempts and log go with it")
{
    auto options = unique(mode::replace);
    options.attempts = 3;
    options.backoff = backoff::fixed(1h);
    const auto job = co_await s.add_active("a", options);
    (void)co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "x"}, 10);
    (void)co_await s.settle(s.failing(job));
    const auto row = co_await s.add("b", options);
    CHECK(ids(of(row.news, cause::replaced)) == names{"a"});
    (void)co_await s.add("a");
    const auto lines = co_await s.logs("a");
    CHECK(lines == names{});
    const auto fresh = co_await s.get("a");
    CHECK(fresh.attempts.empty());
}

CONTRACT_CASE("an add that takes a job at once is deduplicated as any other")
{
    const auto first = co_await s.add_and_claim("a", unique());
    CHECK(ids(first.claimed) == names{"a"});
    const auto second = co_await s.add_and_claim("b", unique());
    CHECK(second.rows.front().deduplicated_by == job_id{"a"});
    CHECK(second.claimed.empty());
    (void)co_await s.add("other");
    const auto third = co_await s.add_and_claim("c", unique());
    CHECK(third.rows.front().deduplicated_by == job_id{"a"});
    CHECK(ids(third.claimed) == names{"other"});
}

CONTRACT_CASE("the job's own mode decides, not that of its owner")
{
    (void)co_await s.add("a", {.delay = 1s, .dedup = unique().dedup});
    const auto row = co_await s.add("b", {.delay = 1s, .dedup = unique(mode::replace).dedup});
    CHECK(ids(of(row.news, cause::replaced)) == names{"a"});
    const auto refused = co_await s.add("c", {.delay = 1s, .dedup = unique().dedup});
    CHECK(refused.deduplicated_by == job_id{"b"});
}

CONTRACT_CASE("1,000 adds with ten deduplication ids leave ten jobs")
{
    for (int i = 0; i < 1000; ++i) {
        const deduplication one_of_ten{.id = "d" + std::to_string(i % 10)};
        const auto row = co_await s.add(std::to_string(i), {.dedup = one_of_ten});
        CHECK(row.deduplicated_by.has_value() == (i >= 10));
        CHECK(row.job->id.str() == std::to_string(i % 10));
    }
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 10});
}

TEST_SUITE_END();
