#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "notes.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;
using kind = why_cause::kind;

TEST_SUITE_BEGIN("queue: why a job does not run");

namespace {

using int_queue = queue<int, int>;

asio::awaitable<std::vector<kind>> causes(int_queue of, job_id id)
{
    const auto answer = co_await of.why(std::move(id));
    CHECK_FALSE(answer.text.empty());
    std::vector<kind> out;
    for (const auto& cause : answer.causes)
        out.push_back(cause.what);
    co_return out;
}

}  // namespace

QUEUE_CASE("nobody can say why a job does not run that does not exist")
{
    const auto e = co_await error_of(queue.why("a"));
    CHECK(e.code == errc::not_found);
    CHECK(e.text == "no job 'a' in this queue");
    co_await queue.close();
    const auto closed = co_await error_of(queue.why("a"));
    CHECK(closed.code == errc::closed);
}

QUEUE_CASE("the life of a job, as the answers tell it")
{
    (void)co_await queue.add("x", 1, {.id = "a", .delay = 90s});
    auto answer = co_await queue.why("a");
    CHECK(answer.text == "it is due in 90 s");
    CHECK(answer.causes.at(0).until == a.at(90s));
    a.clock->advance(90s);
    auto found = co_await causes(queue, "a");
    CHECK(found == std::vector{kind::no_claims});
    co_await queue.pause();
    found = co_await causes(queue, "a");
    CHECK(found == std::vector{kind::paused, kind::no_claims});
    co_await queue.resume();
    auto held = co_await take(queue, {.worker_id = "hand"});
    answer = co_await queue.why("a");
    CHECK(answer.text == "it is running, on worker hand");
    co_await queue.complete(std::move(held), 1);
    answer = co_await queue.why("a");
    CHECK(answer.text == "it is completed already");
}

QUEUE_CASE("why names the jobs that hold the places, and the times when the rates have room")
{
    co_await queue.set_global_concurrency(1);
    co_await queue.set_rate_limit(rate_limit{.max = 1, .duration = 1min});
    co_await queue.set_group({.concurrency = 1, .rate = rate_limit{.max = 1, .duration = 2min}});
    for (const auto* id : {"a", "b", "c"})
        (void)co_await queue.add("x", 1, {.id = id, .group = "g"});
    auto held = co_await take(queue, {.worker_id = "hand"});
    a.clock->advance(10s);
    const auto answer = co_await queue.why("c");
    REQUIRE(answer.causes.size() == 5);
    CHECK(answer.causes[0].what == kind::global_concurrency);
    CHECK(answer.causes[0].holders == ids({"a"}));
    CHECK(answer.causes[1].what == kind::rate_limit);
    CHECK(answer.causes[1].until == a.at(1min));
    CHECK(answer.causes[2].what == kind::group_concurrency);
    CHECK(answer.causes[2].holders == ids({"a"}));
    CHECK(answer.causes[3].what == kind::group_rate);
    CHECK(answer.causes[3].until == a.at(2min));
    CHECK(answer.causes[4].what == kind::behind_others);
    CHECK(answer.causes[4].ahead == 1);
    co_await queue.complete(std::move(held), 1);
    a.clock->advance(2min);
    const auto later = co_await causes(queue, "b");
    CHECK(later == std::vector{kind::no_claims});
}

QUEUE_CASE("a job that is kept for the end of another names that one")
{
    const deduplication last{.id = "d", .how = deduplication::mode::keep_last};
    (void)co_await queue.add("x", 1, {.id = "a", .dedup = last});
    (void)co_await take(queue, {.worker_id = "hand"});
    (void)co_await queue.add("x", 1, {.id = "b", .dedup = last});
    const auto answer = co_await queue.why("b");
    REQUIRE(answer.causes.size() == 1);
    CHECK(answer.causes[0].what == kind::kept);
    CHECK(answer.causes[0].holders == ids({"a"}));
}

QUEUE_CASE("why names a processor's rest and the order of a group for the jobs behind")
{
    co_await queue.set_group({.concurrency = 1, .keep_order = true});
    for (const auto* id : {"a", "b"})
        (void)co_await queue.add("x", 1, {.id = id, .attempts = 2, .backoff = backoff::fixed(10s), .group = "g"});
    auto held = co_await take(queue, {.worker_id = "hand"});
    co_await queue.fail(std::move(held), {.message = "boom"});
    const auto in_order = co_await causes(queue, "b");
    CHECK(in_order.at(0) == kind::group_order);
    const auto act = [](job<int, int>) -> asio::awaitable<outcome<int>> { co_return rate_limited{.wait = 30s}; };
    shift worker{queue, act};
    co_await a.clock->pass(10s);
    const auto answer = co_await queue.why("b");
    REQUIRE(answer.causes.at(0).what == kind::resting);
    CHECK(answer.causes[0].until == a.at(40s));
    co_await worker.finish();
}

TEST_SUITE_END();
