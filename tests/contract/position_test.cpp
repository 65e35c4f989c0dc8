#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using sizes = std::vector<std::size_t>;

TEST_SUITE_BEGIN("position");

namespace {

asio::awaitable<std::optional<std::size_t>> position(subject s, std::string id)
{
    return s->position(s.queue(), std::move(id));
}

asio::awaitable<sizes> counts(subject s, std::vector<int> priorities)
{
    return s->counts_by_priority(s.queue(), std::move(priorities));
}

}  // namespace

CONTRACT_CASE("a position is the number of jobs that run before this one")
{
    co_await s.add("third", {.priority = 1});
    co_await s.add("fourth", {.priority = 1});
    co_await s.add("fifth", {.priority = 7});
    co_await s.add("second");
    co_await s.add("first", {.lifo = true});
    co_await s.in("other").add("elsewhere");
    const auto order = co_await s.list(job_state::waiting);
    CHECK(order == std::vector<std::string>{"first", "second", "third", "fourth", "fifth"});
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto found = co_await position(s, order[i]);
        CHECK(found == i);
    }
}

CONTRACT_CASE("only a waiting job has a position")
{
    co_await s.add_one_in_each_state();
    for (const auto* id : {"delayed", "active", "completed", "failed", "nobody"}) {
        INFO(id);
        const auto found = co_await position(s, id);
        CHECK(found == std::nullopt);
    }
    const auto waiting = co_await position(s, "waiting");
    CHECK(waiting == 0);
    const auto unknown = co_await position(s.in("unknown"), "waiting");
    CHECK(unknown == std::nullopt);
}

CONTRACT_CASE("a position becomes smaller as others run, and changes with a priority")
{
    co_await s.add_each({"a", "b", "c"});
    const auto before = co_await position(s, "c");
    CHECK(before == 2);
    co_await s.claim_one();
    const auto after = co_await position(s, "c");
    CHECK(after == 1);
    co_await s.change("c", new_priority{.priority = 0, .lifo = true});
    const auto first = co_await position(s, "c");
    CHECK(first == 0);
    co_await s.change("c", new_priority{.priority = 1});
    const auto last = co_await position(s, "c");
    CHECK(last == 1);
}

CONTRACT_CASE("a promoted job has the position of its add")
{
    co_await s.add("a");
    co_await s.add("b", {.delay = 1h});
    co_await s.add("c");
    co_await s.promote("b");
    const auto found = co_await position(s, "b");
    CHECK(found == 1);
}

CONTRACT_CASE("waiting jobs are counted by priority, in the order in which they were asked for")
{
    co_await s.add_each({"a", "b", "c"});
    co_await s.add("d", {.priority = 5});
    co_await s.add("e", {.priority = 2'097'151});
    co_await s.add("f", {.priority = 5, .delay = 1h});
    co_await s.in("other").add("g", {.priority = 5});
    const auto found = co_await counts(s, {5, 0, 1, 5, 2'097'151});
    CHECK(found == sizes{1, 3, 0, 1, 1});
    co_await s.claim(4);
    const auto later = co_await counts(s, {0, 5});
    CHECK(later == sizes{0, 0});
}

CONTRACT_CASE("a job counts by the priority that it has now")
{
    co_await s.add("a", {.priority = 5});
    co_await s.change("a", new_priority{.priority = 6});
    const auto found = co_await counts(s, {5, 6});
    CHECK(found == sizes{0, 1});
}

CONTRACT_CASE("no priorities have no counts, and an unknown queue has none but zeros")
{
    co_await s.add("a");
    const auto none = co_await counts(s, {});
    CHECK(none == sizes{});
    const auto unknown = co_await counts(s.in("unknown"), {0, 1});
    CHECK(unknown == sizes{0, 0});
}

TEST_SUITE_END();
