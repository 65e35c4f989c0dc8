#include <boost/asio/awaitable.hpp>

#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

/// Turns of groups within one claim.
namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("turns");

namespace {

/// The group is the first letter of the id.
asio::awaitable<void> add(subject s, std::string id, job_options options = {})
{
    options.group = id.substr(0, 1);
    (void)co_await s.add(std::move(id), std::move(options));
}

asio::awaitable<void> add_all(subject s, names ids)
{
    for (auto& id : ids)
        co_await add(s, std::move(id));
}

}  // namespace

CONTRACT_CASE("one claim serves each group once before any twice")
{
    co_await add_all(s, {"a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3", "d1", "e1", "e2"});
    const auto first = co_await claimed_ids(s, 9);
    CHECK(first == names{"a1", "b1", "c1", "d1", "e1", "a2", "b2", "c2", "e2"});
    const auto rest = co_await claimed_ids(s, 9);
    CHECK(rest == names{"a3", "b3", "c3"});
}

CONTRACT_CASE("one claim serves a group with the best priority again before all others")
{
    for (const auto* id : {"a4", "b1", "c1"})
        co_await add(s, id, {.priority = 2});
    for (const auto* id : {"c0", "a1", "a2"})
        co_await add(s, id, {.priority = 1});
    co_await add(s, "a3", {.priority = 2});
    (void)co_await s.add("none", {.priority = 2});
    const auto claimed = co_await claimed_ids(s, 9);
    CHECK(claimed == names{"c0", "a1", "a2", "b1", "none", "c1", "a4", "a3"});
}

CONTRACT_CASE("one claim takes no more of a group than its concurrency allows")
{
    co_await s->set(s.queue(), group_options{.concurrency = 2});
    co_await add_all(s, {"a1", "a2", "a3", "b1", "c1", "c2", "c3"});
    const auto claimed = co_await claimed_ids(s, 9);
    CHECK(claimed == names{"a1", "b1", "c1", "a2", "c2"});
}

CONTRACT_CASE("groups whose first jobs are early by the clock of the claim take turns with the others")
{
    for (const auto* id : {"a0", "b0", "c0", "d0", "e0"})
        co_await add(s, id, {.delay = 10s});
    s.pass(20s);
    (void)co_await s.sweep();
    s.pass(-15s);
    co_await add_all(s, {"a1", "n1", "b1", "o1", "c1", "a2", "n2", "b2", "a3", "p1"});
    (void)co_await s.add("none");
    const auto claimed = co_await claimed_ids(s, 20);
    CHECK(claimed == names{"a1", "n1", "b1", "o1", "c1", "p1", "none", "a2", "n2", "b2", "a3"});
    s.pass(5s);
    const auto in_time = co_await claimed_ids(s, 20);
    CHECK(in_time == names{"d0", "e0", "c0", "b0", "a0"});
}

CONTRACT_CASE("a group whose first job has expired takes its turn with the next one")
{
    co_await add(s, "a1", {.ttl = 1s});
    co_await add_all(s, {"b1", "a2", "c1", "b2"});
    s.pass(1s);
    const auto answer = co_await s.settle_and_claim({}, 9);
    CHECK(ids(of(answer.news, job_news::cause::unfit)) == names{"a1"});
    CHECK(ids(answer.claimed) == names{"b1", "a2", "c1", "b2"});
}

TEST_SUITE_END();
