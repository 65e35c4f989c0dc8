// The pages of listings, and their cursors.
#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

#include "contract/contract.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

using names = std::vector<std::string>;

TEST_SUITE_BEGIN("list and counts");

CONTRACT_CASE("every listing comes in pages that miss and repeat nothing")
{
    // Ties everywhere, so that a cursor must name more than a priority or a time.
    auto fill = [](subject q) -> asio::awaitable<void> {
        for (int i = 0; i < 4; ++i) {
            const auto number = std::to_string(i);
            for (const auto* kind : {"completed", "failed", "active"})
                co_await q.add(kind + number, {.lifo = i % 2 == 0});
            const auto jobs = co_await q.claim(3);
            REQUIRE(jobs.size() == 3);
            std::vector<settlement> ends;
            for (const auto& job : jobs) {
                if (job->id.str().starts_with("completed"))
                    ends.push_back(q.completion(job));
                if (job->id.str().starts_with("failed"))
                    ends.push_back(q.failing(job));
            }
            co_await q.settle_and_claim(ends, 0);
        }
        for (int i = 0; i < 5; ++i) {
            const auto number = std::to_string(i);
            co_await q.add("delayed" + number, {.lifo = i % 2 == 0, .delay = milliseconds{1 + i / 3}});
            co_await q.add("waiting" + number, {.priority = i / 3, .lifo = i % 2 == 0});
        }
    };
    co_await fill(s);
    co_await fill(s.in("other"));
    struct {
        job_states states;
        std::size_t jobs;
    } const cases[] = {
        {{}, 22},
        {job_state::waiting, 5},
        {job_state::delayed, 5},
        {job_state::active, 4},
        {job_state::completed, 4},
        {job_state::failed, 4},
        {{job_state::completed, job_state::failed}, 8},
        {{job_state::failed, job_state::waiting, job_state::active}, 13},
        {{job_state::waiting, job_state::delayed, job_state::active, job_state::completed, job_state::failed}, 22}
    };
    for (const auto& c : cases) {
        const auto whole = co_await s.list(c.states, 1000);
        CHECK(whole.size() == c.jobs);
        const names backwards(whole.rbegin(), whole.rend());
        for (const int size : {1, 2, 3, 4, 5, 21, 1000}) {
            const auto paged = co_await s.list(c.states, size);
            CHECK(paged == whole);
            const auto newest_first = co_await s.list(c.states, size, true);
            CHECK(newest_first == backwards);
        }
    }
}

CONTRACT_CASE("a listing of several states goes on in the state where it was, whatever became of its last job")
{
    co_await s.add_each({"a", "b"});
    co_await s.add("c", {.delay = 1h});
    co_await s.add("d", {.delay = 2h});
    const job_filter both{.state = {job_state::waiting, job_state::delayed}};
    const auto first = co_await s->list(s.queue(), both, {.limit = 2});
    CHECK(ids(first.items) == names{"a", "b"});
    co_await s.remove("b");
    const auto second = co_await s->list(s.queue(), both, {.after = first.next, .limit = 1});
    CHECK(ids(second.items) == names{"c"});
    const auto third = co_await s->list(s.queue(), both, {.after = second.next, .limit = 1});
    CHECK(ids(third.items) == names{"d"});
    CHECK(third.next == "");
    const auto other = co_await error_of(s->list(s.queue(), {.state = {job_state::active}}, {.after = first.next}));
    CHECK(other.field == "after");
}

CONTRACT_CASE("a page that ends with the last job is the last page")
{
    co_await s.add_each({"a", "b"});
    for (const auto state : {std::optional<job_state>{}, std::optional{job_state::waiting}}) {
        const auto page = co_await s->list(s.queue(), {.state = state}, {.limit = 2});
        CHECK(page.items.size() == 2);
        CHECK(page.next == "");
    }
    const auto none = co_await s->list(s.queue(), {.state = job_state::failed}, {.limit = 2});
    CHECK(none.items.empty());
    CHECK(none.next == "");
}

CONTRACT_CASE("a listing goes on where it was, whatever became of the last job on the page")
{
    co_await s.add_each({"a", "b", "c", "d"});
    for (const auto state : {std::optional<job_state>{}, std::optional{job_state::waiting}}) {
        const auto first = co_await s->list(s.queue(), {.state = state}, {.limit = 2});
        REQUIRE(ids(first.items) == names{"a", "b"});
        co_await s.remove("b");
        const auto second = co_await s->list(s.queue(), {.state = state}, {.after = first.next, .limit = 10});
        CHECK(ids(second.items) == names{"c", "d"});
        co_await s.add("b", {.lifo = true});
        const auto a = co_await s.remove("a");
        REQUIRE(a.done());
        co_await s.add("a", {.lifo = true});
    }
}

CONTRACT_CASE("a cursor that is none is refused, naming the field")
{
    co_await s.add_each({"a", "b"});
    const auto job = co_await s.claim_one();
    co_await s->add_log(claim_of(job), log_line{.at = s.now(), .text = "1"}, 10);
    for (const std::string text :
         {"x", "w", "'; DROP", "99999999999999999999999999", "w1", "w1,", "w1,x", "w1,2,3", " "}) {
        const auto waiting = co_await error_of(s->list(s.queue(), {.state = job_state::waiting}, {.after = text}));
        CHECK(waiting.code == errc::invalid_argument);
        CHECK(waiting.field == "after");
        const auto logs = co_await error_of(s->logs(s.queue(), "a", {.after = text}));
        CHECK(logs.code == errc::invalid_argument);
        CHECK(logs.field == "after");
    }
}

CONTRACT_CASE("a cursor of another listing is refused, naming the field")
{
    co_await s.add_each({"a", "b"});
    const auto first = co_await s->list(s.queue(), {.state = job_state::waiting}, {.limit = 1});
    REQUIRE_FALSE(first.next.empty());
    const page_request next{.after = first.next};
    const std::optional<job_state> others[] = {{}, job_state::delayed, job_state::active, job_state::failed};
    for (const auto state : others) {
        const auto listed = co_await error_of(s->list(s.queue(), {.state = state}, next));
        CHECK(listed.code == errc::invalid_argument);
        CHECK(listed.field == "after");
    }
    const auto logs = co_await error_of(s->logs(s.queue(), "a", next));
    CHECK(logs.code == errc::invalid_argument);
}

TEST_SUITE_END();
