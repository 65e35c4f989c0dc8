// Ids that exist already.
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("add");

CONTRACT_CASE("an id that exists is not added again, and the answer shows the job that has it")
{
    const auto first = co_await s.add("a", {.priority = 1}, "1");
    const auto second = co_await s.add("a", {.priority = 2, .delay = 1s}, "2");
    CHECK(second.duplicate);
    CHECK(describe(*second.job) == describe(*first.job));
    const auto counts = co_await s.counts();
    CHECK(counts == job_counts{.waiting = 1});
    const auto read = co_await s.get("a");
    CHECK(read.data == "1");
}

CONTRACT_CASE("an id is taken in whatever state its job is")
{
    struct {
        const char* name;
        asio::awaitable<void> (*reach)(subject);
        job_state state;
    } const cases[] = {
        {"waiting", [](subject q) -> asio::awaitable<void> { co_await q.add("a"); }, job_state::waiting},
        {"delayed", [](subject q) -> asio::awaitable<void> { co_await q.add("a", {.delay = 1s}); }, job_state::delayed},
        {"active", [](subject q) -> asio::awaitable<void> { co_await q.add_active("a"); }, job_state::active},
        {"completed",
         [](subject q) -> asio::awaitable<void> {
             const auto job = co_await q.add_active("a");
             co_await q.settle(q.completion(job));
         },
         job_state::completed},
        {"failed",
         [](subject q) -> asio::awaitable<void> {
             const auto job = co_await q.add_active("a");
             co_await q.settle(q.failing(job));
         },
         job_state::failed},
    };
    for (const auto& c : cases) {
        auto queue = s.in(c.name);
        co_await c.reach(queue);
        const auto before = co_await queue.get("a");
        REQUIRE(before.state == c.state);
        const auto row = co_await queue.add("a", {}, "2");
        CHECK(row.duplicate);
        CHECK(row.job->state == c.state);
        const auto after = co_await queue.get("a");
        CHECK(describe(after) == describe(before));
    }
}

CONTRACT_CASE("an id that comes twice in one add is added once")
{
    std::vector<job_draft> jobs{s.make("a", {}, "1"), s.make("b"), s.make("a", {}, "2"), s.make("c")};
    const auto rows = (co_await s->add(jobs)).rows;
    REQUIRE(rows.size() == 4);
    CHECK_FALSE(rows[0].duplicate);
    CHECK(rows[2].duplicate);
    CHECK(rows[2].job->key == rows[0].job->key);
    CHECK(rows[2].job->data == "1");
    CHECK_FALSE(rows[3].duplicate);
    const auto order = co_await s.list(job_state::waiting);
    CHECK(order == std::vector<std::string>{"a", "b", "c"});
}

CONTRACT_CASE("a duplicate among others does not keep them from being stored")
{
    co_await s.add("b");
    std::vector<job_draft> jobs{s.make("a"), s.make("b"), s.make("c")};
    const auto rows = (co_await s->add(jobs)).rows;
    REQUIRE(rows.size() == 3);
    CHECK_FALSE(rows[0].duplicate);
    CHECK(rows[1].duplicate);
    CHECK_FALSE(rows[2].duplicate);
    const auto order = co_await s.list(job_state::waiting);
    CHECK(order == std::vector<std::string>{"b", "a", "c"});
}

CONTRACT_CASE("the same id in another queue is another job")
{
    auto other = s.in("other");
    const auto here = co_await s.add("a", {}, "1");
    const auto there = co_await other.add("a", {}, "2");
    CHECK_FALSE(there.duplicate);
    CHECK(here.job->key != there.job->key);
    const auto read = co_await s.get("a");
    CHECK(read.data == "1");
    const auto read_there = co_await other.get("a");
    CHECK(read_there.data == "2");
}

CONTRACT_CASE("the id of a removed job is free again, and nothing of that job comes back")
{
    const auto job = co_await s.add_active("a", {.attempts = 2});
    co_await s->update_progress(claim_of(job), "50");
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "old"}, 10);
    co_await s.settle(s.failing(job));
    co_await s.remove("a");
    const auto row = co_await s.add("a", {}, "2");
    CHECK_FALSE(row.duplicate);
    const auto read = co_await s.get("a");
    CHECK(read.data == "2");
    CHECK(read.progress == "");
    CHECK(read.attempts.empty());
    check_counters(read, 0, 0, 0);
    const auto lines = co_await s.logs("a");
    CHECK(lines.empty());
}

TEST_SUITE_END();
