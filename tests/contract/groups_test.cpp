#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"
#include "contract/grouped.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("groups");

CONTRACT_CASE("groups take turns, also where one of them has all its jobs before the other's")
{
    co_await add_grouped(s, {"a1", "a2", "a3", "b1", "b2", "b3"});
    const auto claimed = co_await claimed_ids(s, 6);
    CHECK(claimed == names{"a1", "b1", "a2", "b2", "a3", "b3"});
}

CONTRACT_CASE("turns go on from claim to claim")
{
    co_await add_grouped(s, {"a1", "a2", "a3", "b1", "b2", "c1"});
    const auto claimed = co_await claimed_in_order(s, 7);
    CHECK(claimed == names{"a1", "b1", "c1", "a2", "b2", "a3", "none"});
}

CONTRACT_CASE("the group is next that was served longest ago, a new one before all")
{
    co_await add_grouped(s, {"a1", "a2", "b1", "b2"});
    const auto first = co_await claimed_in_order(s, 2);
    CHECK(first == names{"a1", "b1"});
    co_await add_grouped(s, {"c1", "c2"});
    const auto next = co_await claimed_in_order(s, 4);
    CHECK(next == names{"c1", "a2", "b2", "c2"});
}

CONTRACT_CASE("a group that had nothing for a while has lost no turn, and saved up none")
{
    co_await add_grouped(s, {"a1", "b1", "b2", "b3"});
    const auto first = co_await claimed_in_order(s, 3);
    CHECK(first == names{"a1", "b1", "b2"});
    co_await add_grouped(s, {"a2", "a3"});
    const auto next = co_await claimed_in_order(s, 3);
    CHECK(next == names{"a2", "b3", "a3"});
}

CONTRACT_CASE("jobs without a group are one key among the others")
{
    co_await add_grouped(s, {"-1", "-2", "-3", "a1", "a2"});
    const auto claimed = co_await claimed_in_order(s, 5);
    CHECK(claimed == names{"-1", "a1", "-2", "a2", "-3"});
}

CONTRACT_CASE("the best priority is served first, whoever's turn it is")
{
    (void)co_await s.add("a1", {.priority = 5, .group = "a"});
    (void)co_await s.add("a2", {.priority = 1, .group = "a"});
    (void)co_await s.add("a3", {.priority = 1, .group = "a"});
    (void)co_await s.add("b1", {.priority = 5, .group = "b"});
    (void)co_await s.add("none", {.priority = 3});
    const auto claimed = co_await claimed_in_order(s, 5);
    CHECK(claimed == names{"a2", "a3", "none", "b1", "a1"});
}

CONTRACT_CASE("within a group jobs go by priority and position, a lifo one first of its priority")
{
    (void)co_await s.add("second", {.group = "a"});
    (void)co_await s.add("last", {.priority = 1, .group = "a"});
    (void)co_await s.add("third", {.group = "a"});
    (void)co_await s.add("first", {.lifo = true, .group = "a"});
    const auto claimed = co_await claimed_ids(s, 4);
    CHECK(claimed == names{"first", "second", "third", "last"});
}

CONTRACT_CASE("an add takes a job of the group whose turn it is")
{
    co_await allow(s, {.concurrency = 1});
    (void)co_await s.add_active("a1", {.group = "a"});
    const auto full = co_await s.add_and_claim("a2", {.group = "a"});
    CHECK(full.claimed.empty());
    const auto other = co_await s.add_and_claim("b1", {.group = "b"});
    CHECK(ids(other.claimed) == names{"b1"});
}

CONTRACT_CASE("delayed jobs of a group wait beside it until they are due")
{
    (void)co_await s.add("a1", {.delay = 1s, .group = "a"});
    co_await add_grouped(s, {"a2", "b1"});
    const auto first = co_await s.settle_and_claim({}, 9);
    CHECK(ids(first.claimed) == names{"a2", "b1"});
    CHECK(first.next_due == s.now() + 1s);
    s.pass(1s);
    const auto due = co_await claimed_ids(s, 9);
    CHECK(due == names{"a1"});
}

CONTRACT_CASE("any name will do for a group")
{
    const names strange{"'; DROP TABLE cofila_jobs; --", "\xE2\x82\xAC", "%", std::string(200, 'g'), " "};
    co_await allow(s, {.concurrency = 1});
    for (std::size_t i = 0; i < strange.size(); ++i)
        for (const auto* number : {"1", "2"})
            (void)co_await s.add(std::to_string(i) + number, {.group = strange[i]});
    const auto claimed = co_await claimed_ids(s, 99);
    CHECK(claimed == names{"01", "11", "21", "31", "41"});
    const auto found = co_await s.find({.state = job_state::waiting, .group = strange[0]});
    CHECK(found == names{"02"});
}

CONTRACT_CASE("a job without a group is found behind however many others")
{
    co_await allow(s, {.concurrency = 1});
    std::vector<job_draft> jobs;
    for (int i = 0; i < 1500; ++i)
        jobs.push_back(s.make(std::to_string(i), {.group = "a"}));
    (void)co_await s->add(std::move(jobs));
    co_await s.add("alone");
    const auto claimed = co_await claimed_ids(s, 9);
    CHECK(claimed == names{"0", "alone"});
}

CONTRACT_CASE("300 groups are served in turns, each once before any twice")
{
    for (const auto* number : {"1", "2"})
        for (int group = 0; group < 300; ++group)
            (void)co_await s.add(std::to_string(group) + "/" + number, {.group = std::to_string(group)});
    for (const auto* number : {"1", "2"}) {
        names expected;
        for (int group = 0; group < 300; ++group)
            expected.push_back(std::to_string(group) + "/" + number);
        names claimed;
        while (claimed.size() < 300)
            for (auto& id : co_await claimed_ids(s, 75))
                claimed.push_back(std::move(id));
        CHECK(claimed == expected);
    }
}

TEST_SUITE_END();
