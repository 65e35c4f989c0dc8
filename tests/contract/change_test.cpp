#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("change");

namespace {

/// The same without what only `get` reads.
std::string shown(job_record job)
{
    job.attempts.clear();
    return describe(job);
}

struct rule {
    std::string name;
    job_change what;
    names allowed;  // the states
};

const std::vector<rule>& rules()
{
    static const std::vector<rule> all{
        {"removal", removal{}, {"waiting", "delayed", "completed", "failed"}},
        {"forced removal", forced_removal{}, {"waiting", "delayed", "active", "completed", "failed"}},
        {"promotion", promotion{}, {"delayed"}},
        {"retrial", retrial{}, {"completed", "failed"}},
        {"new delay", new_delay{.wait = 5s}, {"waiting", "delayed"}},
        {"new priority", new_priority{.priority = 7}, {"waiting", "delayed"}},
        {"cancellation", cancellation{.why = "why"}, {"waiting", "delayed", "active"}},
    };
    return all;
}

const names all_states{"waiting", "delayed", "active", "completed", "failed"};

}  // namespace

CONTRACT_CASE("what a state does not allow is refused and changes nothing")
{
    for (const auto& [name, what, allowed] : rules()) {
        auto queue = s.in(name);
        co_await queue.add_one_in_each_state();
        for (const auto& id : all_states) {
            if (std::ranges::find(allowed, id) != allowed.end())
                continue;
            INFO(name, " of ", id);
            const auto before = co_await queue.get(id);
            queue.pass(1s);
            const auto answer = co_await queue.change(id, what);
            CHECK(answer.found());
            CHECK_FALSE(answer.done());
            CHECK(to_string(*answer.was) == id);
            REQUIRE(answer.job != nullptr);
            CHECK(shown(*answer.job) == shown(before));
            const auto after = co_await queue.get(id);
            CHECK(describe(after) == describe(before));
        }
    }
}

CONTRACT_CASE("what a state allows is done, and answered with the state before and the job as it is then")
{
    for (const auto& [name, what, allowed] : rules()) {
        auto queue = s.in(name);
        co_await queue.add_one_in_each_state();
        for (const auto& id : allowed) {
            INFO(name, " of ", id);
            const auto answer = co_await queue.change(id, what);
            CHECK(answer.found());
            CHECK(answer.done());
            CHECK(to_string(*answer.was) == id);
            const auto exists = co_await queue.exists(id);
            REQUIRE(exists == (answer.job != nullptr));
            if (!exists)
                continue;
            const auto after = co_await queue.get(id);
            CHECK(shown(*answer.job) == shown(after));
        }
    }
}

CONTRACT_CASE("a job that is not there is not found, whatever is asked for")
{
    co_await s.in("other").add("a", {.delay = 1s});
    for (const auto& [name, what, allowed] : rules())
        for (const auto* id : {"a", "b"}) {
            INFO(name, " of ", id);
            const auto answer = co_await s.change(id, what);
            CHECK_FALSE(answer.found());
            CHECK_FALSE(answer.done());
            CHECK(answer.job == nullptr);
        }
    const auto there = co_await s.in("other").get("a");
    CHECK(there.state == job_state::delayed);
}

CONTRACT_CASE("a waiting job that is put off is delayed from now on, and keeps its place for then")
{
    co_await s.add_each({"a", "b"});
    s.pass(1h);
    auto expected = co_await s.get("a");
    const auto answer = co_await s.change("a", new_delay{.wait = 5s});
    CHECK(answer.was == job_state::waiting);
    expected.state = job_state::delayed;
    expected.run_at = s.now() + 5s;
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(expected));
    const auto early = co_await s.settle_and_claim({}, 2);
    CHECK(ids(early.claimed) == names{"b"});
    CHECK(early.next_due == s.now() + 5s);
    co_await s.add("c");
    s.pass(5s);
    const auto due = co_await s.settle_and_claim({}, 2);
    CHECK(waiting_ids(due.news) == names{"a"});
    CHECK(ids(due.claimed) == names{"a", "c"});
}

CONTRACT_CASE("the delay of a delayed job becomes longer or shorter, from now on")
{
    co_await s.add("later", {.delay = 1s});
    co_await s.add("sooner", {.delay = 1h});
    s.pass(500ms);
    co_await s.change("later", new_delay{.wait = 10s});
    co_await s.change("sooner", new_delay{.wait = 2s});
    const auto later = co_await s.get("later");
    CHECK(later.state == job_state::delayed);
    CHECK(later.run_at == s.now() + 10s);
    const auto sooner = co_await s.get("sooner");
    CHECK(sooner.run_at == s.now() + 2s);
    const auto order = co_await s.list(job_state::delayed);
    CHECK(order == names{"sooner", "later"});
}

CONTRACT_CASE("no delay makes a delayed job wait in its old place")
{
    co_await s.add("a", {.delay = 1h});
    co_await s.add("b");
    const auto answer = co_await s.change("a", new_delay{});
    CHECK(answer.was == job_state::delayed);
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::waiting);
    CHECK(read.run_at == std::nullopt);
    check_counters(read, 0, 0, 0);
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"a", "b"});
}

CONTRACT_CASE("the longest delay lasts to the end of time")
{
    co_await s.add("a");
    co_await s.change("a", new_delay{.wait = milliseconds::max()});
    const auto read = co_await s.get("a");
    CHECK(read.run_at == time_point::max());
    const auto answer = co_await s.settle_and_claim({}, 1);
    CHECK(answer.claimed.empty());
    CHECK(answer.next_due == std::nullopt);
}

CONTRACT_CASE("a new priority puts a waiting job at the tail of that priority, a lifo one at its head")
{
    for (const auto* id : {"a", "b", "c", "d"})
        co_await s.add(id, {.priority = 1});
    co_await s.add("first", {.priority = 0});
    co_await s.add("last", {.priority = 2});
    co_await s.change("a", new_priority{.priority = 1});
    co_await s.change("d", new_priority{.priority = 1, .lifo = true});
    co_await s.change("b", new_priority{.priority = 2});
    co_await s.change("c", new_priority{.priority = 0, .lifo = true});
    const auto claimed = co_await s.claim(6);
    CHECK(ids(claimed) == names{"c", "first", "d", "a", "last", "b"});
}

CONTRACT_CASE("a new priority changes nothing but the priority and the place")
{
    co_await s.add("a", {.priority = 3, .ttl = 1h, .tags = {{"k", "v"}}}, R"({"x":1})");
    auto expected = co_await s.get("a");
    const auto before = expected.position;
    co_await s.add("b");
    co_await s.change("a", new_priority{.priority = 5});
    const auto read = co_await s.get("a");
    CHECK(read.position > before);
    CHECK(read.options->priority == 3);  // as it was added
    expected.priority = 5;
    expected.position = read.position;
    CHECK(describe(read) == describe(expected));
}

CONTRACT_CASE("a delayed job keeps its time with a new priority, and has that priority when it is due")
{
    co_await s.add("a", {.priority = 9, .delay = 1s});
    co_await s.add("b", {.priority = 5});
    co_await s.change("a", new_priority{.priority = 4});
    const auto read = co_await s.get("a");
    CHECK(read.state == job_state::delayed);
    CHECK(read.run_at == s.now() + 1s);
    CHECK(read.priority == 4);
    s.pass(1s);
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"a", "b"});
}

CONTRACT_CASE("a new priority stays through a failed attempt")
{
    co_await s.add("a", {.priority = 9, .attempts = 2});
    co_await s.change("a", new_priority{.priority = 1});
    const auto job = co_await s.claim_one();
    CHECK(job->priority == 1);
    co_await s.settle(s.failing(job));
    co_await s.add("b", {.priority = 2});
    const auto claimed = co_await s.claim(2);
    CHECK(ids(claimed) == names{"a", "b"});
}

CONTRACT_CASE("an active job that is removed by force is gone, and its worker has lost it")
{
    const auto job = co_await s.add_active("a");
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "x"}, 10);
    const auto answer = co_await s.change("a", forced_removal{});
    CHECK(answer.done());
    CHECK(answer.was == job_state::active);
    CHECK(answer.job == nullptr);
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{});
    const auto locks = co_await s->locks();
    CHECK(locks.empty());
    const auto logs = co_await s.logs("a");
    CHECK(logs == names{});
    std::vector<lock_extension> renewal{{.job = claim_of(job), .duration = 1s}};
    const auto held = co_await s.extend(std::move(renewal));
    CHECK(held == std::vector<bool>{false});
    const auto settled = co_await s.settle(s.completion(job));
    CHECK(settled == settled::lost);
    const auto exists = co_await s.exists("a");
    CHECK_FALSE(exists);
}

CONTRACT_CASE("a job added anew after its forced removal is another one: the old claim does not reach it")
{
    const auto old = co_await s.add_active("a");
    co_await s.change("a", forced_removal{});
    const auto job = co_await s.add_active("a");
    const auto by_id = co_await s.settle({.job = claim_by_id(old), .change = s.completion(old).change});
    CHECK(by_id == settled::lost);
    const auto by_key = co_await s.settle(s.completion(old));
    CHECK(by_key == settled::lost);
    const auto read = co_await s.get("a");
    CHECK(describe(read) == describe(*job));
}

TEST_SUITE_END();
