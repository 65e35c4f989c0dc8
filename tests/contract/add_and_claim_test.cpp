#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("add and claim");

CONTRACT_CASE("the new job itself is claimed where nothing else waits")
{
    const auto answer = co_await s.add_and_claim("a", {.attempts = 3}, R"({"id": 12345678901234567890123})");
    CHECK_FALSE(answer.rows.front().duplicate);
    REQUIRE(ids(answer.claimed) == names{"a"});
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(*answer.claimed.front()));
    CHECK(read.state == job_state::active);
    CHECK(read.data == R"({"id": 12345678901234567890123})");
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.active = 1});
}

CONTRACT_CASE("what the answer says of the new job is how it was added, before it was claimed")
{
    auto expected = *s.make("a", {.priority = 7}, "[1]");
    const auto answer = co_await s.add_and_claim("a", {.priority = 7}, "[1]");
    const auto& added = *answer.rows.front().job;
    CHECK(added.key != 0);
    REQUIRE(answer.claimed.size() == 1);
    CHECK(added.key == answer.claimed.front()->key);
    expected.key = added.key;
    expected.position = added.position;
    CHECK(describe(added) == describe(expected));
}

CONTRACT_CASE("the claimed job is locked for the worker, as by settle_and_claim")
{
    co_await s.add("a", {.priority = 1});
    const auto taken = co_await s.claim_one();
    s.pass(3s);
    const auto answer = co_await s.add_and_claim("b", {.priority = 1});
    REQUIRE(answer.claimed.size() == 1);
    const auto& job = *answer.claimed.front();
    auto expected = *taken;
    expected.id = "b";
    expected.key = job.key;
    expected.position = job.position;
    expected.timestamp = s.now();
    expected.processed_at = s.now();
    expected.locked_until = s.now() + lock_duration;
    expected.token = job.token;
    CHECK(describe(job) == describe(expected));
    CHECK(job.worker == worker_id);
    check_counters(job, 1, 0, 0);
    CHECK(job.token.size() == taken->token.size());
    CHECK(job.token != taken->token);
    const auto locks = co_await s->locks();
    CHECK(locks.size() == 2);
}

CONTRACT_CASE("the lock is a good one: it is renewed, written under and settled with its token")
{
    const auto answer = co_await s.add_and_claim("a");
    REQUIRE(answer.claimed.size() == 1);
    const auto& job = answer.claimed.front();
    const std::vector<lock_extension> locks{{.job = claim_of(job), .duration = 1h}};
    const auto extended = co_await s.extend(locks);
    CHECK(extended == std::vector<bool>{true});
    const auto written = (co_await s->update_progress(claim_of(job), "50")).stored;
    CHECK(written);
    const auto ended = co_await s.settle(s.completion(job, "42"));
    CHECK(ended == settled::accepted);
    const auto state = co_await s.state("a");
    CHECK(state == job_state::completed);
}

CONTRACT_CASE("an older job of the same priority is claimed instead, and the new one waits")
{
    co_await s.add("older");
    const auto answer = co_await s.add_and_claim("newer");
    CHECK(answer.rows.front().job->id.str() == "newer");
    CHECK(ids(answer.claimed) == names{"older"});
    const auto state = co_await s.state("newer");
    CHECK(state == job_state::waiting);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1, .active = 1});
}

CONTRACT_CASE("the new job goes first where its priority or lifo says so")
{
    co_await s.add("a", {.priority = 5});
    const auto urgent = co_await s.add_and_claim("urgent", {.priority = 4});
    CHECK(ids(urgent.claimed) == names{"urgent"});
    const auto newest = co_await s.add_and_claim("newest", {.priority = 5, .lifo = true});
    CHECK(ids(newest.claimed) == names{"newest"});
    const auto later = co_await s.add_and_claim("later", {.priority = 6});
    CHECK(ids(later.claimed) == names{"a"});
}

CONTRACT_CASE("as many are claimed as the order has tokens, best first, and none without a token")
{
    co_await s.add_each({"a", "b", "c"});
    const auto none = co_await s.add_and_claim("d", {}, "{}", 0);
    CHECK(none.claimed.empty());
    const auto two = co_await s.add_and_claim("e", {}, "{}", 2);
    CHECK(ids(two.claimed) == names{"a", "b"});
    const auto rest = co_await s.add_and_claim("f", {}, "{}", 10);
    CHECK(ids(rest.claimed) == names{"c", "d", "e", "f"});
}

CONTRACT_CASE("to a paused queue it adds, and claims nothing")
{
    co_await s.add("a");
    co_await s->set_paused(s.queue(), true);
    const auto answer = co_await s.add_and_claim("b");
    CHECK_FALSE(answer.rows.front().duplicate);
    CHECK(answer.claimed.empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 2});
    co_await s->set_paused(s.queue(), false);
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"a", "b"});
}

CONTRACT_CASE("a duplicate is not added, but a waiting job is claimed all the same")
{
    const auto held = co_await s.add_active("a", {}, "1");
    co_await s.add("waiting");
    const auto answer = co_await s.add_and_claim("a", {.priority = 1}, "2");
    CHECK(answer.rows.front().duplicate);
    CHECK(describe(*answer.rows.front().job) == describe(*held));
    CHECK(ids(answer.claimed) == names{"waiting"});
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(*held));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.active = 2});
}

CONTRACT_CASE("a duplicate of a waiting job claims that one")
{
    co_await s.add("a", {}, "1");
    const auto answer = co_await s.add_and_claim("a", {}, "2");
    CHECK(answer.rows.front().duplicate);
    CHECK(answer.rows.front().job->data == "1");
    REQUIRE(ids(answer.claimed) == names{"a"});
    CHECK(answer.claimed.front()->data == "1");
}

CONTRACT_CASE("it claims from its own queue only")
{
    co_await s.in("other").add("a");
    const auto answer = co_await s.add_and_claim("b");
    CHECK(ids(answer.claimed) == names{"b"});
    const auto state = co_await s.in("other").state("a");
    CHECK(state == job_state::waiting);
}

CONTRACT_CASE("delayed jobs that are due are left to the next claim or sweep")
{
    co_await s.add("due", {.delay = 1s});
    s.pass(2s);
    const auto answer = co_await s.add_and_claim("new");
    CHECK(ids(answer.claimed) == names{"new"});
    const auto state = co_await s.state("due");
    CHECK(state == job_state::delayed);
    const auto next = co_await s.settle_and_claim({}, 1);
    CHECK(waiting_ids(next.news) == names{"due"});
    CHECK(ids(next.claimed) == names{"due"});
}

CONTRACT_CASE("a new job that is delayed is stored and not claimed")
{
    const auto answer = co_await s.add_and_claim("a", {.delay = 1s});
    CHECK(answer.rows.front().job->state == job_state::delayed);
    CHECK(answer.claimed.empty());
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.delayed = 1});
}

CONTRACT_CASE("long data comes back whole with the claim")
{
    const auto data = '"' + std::string(200'000, 'x') + '"';
    const auto answer = co_await s.add_and_claim("a", {}, data);
    REQUIRE(answer.claimed.size() == 1);
    CHECK(answer.claimed.front()->data == data);
    const auto read = co_await s.get("a");
    CHECK(read.data == data);
}

TEST_CASE("a store that has been closed throws closed, and stores nothing")
{
    sqlite_backend backend;
    run_coro([&]() -> asio::awaitable<void> {
        subject closed{co_await backend.open()};
        co_await closed->close();
        const auto e = co_await error_of(closed.add_and_claim("a"));
        CHECK(e.code == errc::closed);
        subject again{co_await backend.open()};
        const auto exists = co_await again.exists("a");
        CHECK_FALSE(exists);
        co_await again->close();
    });
}

TEST_SUITE_END();
