#include <string>
#include <vector>

#include "app.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: reading");

namespace {

std::vector<std::string> names(const page<job<int, int>>& of)
{
    std::vector<std::string> out;
    for (const auto& job : of.items)
        out.push_back(job.id().str());
    return out;
}

/// All pages of a listing, each as its ids.
asio::awaitable<std::vector<std::vector<std::string>>> pages(queue<int, int> queue, job_filter filter, int limit)
{
    std::vector<std::vector<std::string>> out;
    page_request request{.limit = limit};
    do {
        const auto next = co_await queue.get_jobs(filter, request);
        out.push_back(names(next));
        request.after = next.next;
    } while (!request.after.empty());
    co_return out;
}

using listing = std::vector<std::vector<std::string>>;

asio::awaitable<void> finish_one(queue<int, int> queue, std::string error)
{
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    if (error.empty()) {
        co_await queue.complete(taken[0].claim, 0);
    } else {
        failure why{.message = error};
        co_await queue.fail(taken[0].claim, std::move(why));
    }
}

}  // namespace

QUEUE_CASE("get_job finds a job of its own queue, and nothing where there is none")
{
    co_await queue.add("x", 7, {.id = "a"});
    const auto found = co_await queue.get_job("a");
    REQUIRE(found);
    CHECK(found->data() == 7);
    const auto none = co_await queue.get_job("b");
    CHECK_FALSE(none);
    const auto empty = co_await queue.get_job({});
    CHECK_FALSE(empty);
    const auto other = co_await a.engine.queue("other").get_job("a");
    CHECK_FALSE(other);
}

QUEUE_CASE("listings come in the order in which the jobs will run, or did")
{
    co_await queue.add("x", 1, {.id = "w1", .priority = 5});
    co_await queue.add("x", 1, {.id = "w2"});
    co_await queue.add("x", 1, {.id = "w3"});
    co_await queue.add("x", 1, {.id = "w4", .lifo = true});
    co_await queue.add("x", 1, {.id = "d1", .delay = 2s});
    co_await queue.add("x", 1, {.id = "d2", .delay = 1s});
    const auto waiting = co_await pages(queue, {.state = job_state::waiting}, 3);
    CHECK(waiting == listing{{"w4", "w2", "w3"}, {"w1"}});
    const auto delayed = co_await pages(queue, {.state = job_state::delayed}, 1);
    CHECK(delayed == listing{{"d2"}, {"d1"}});
    co_await finish_one(queue, "");
    a.clock->advance(1ms);
    co_await finish_one(queue, "");
    const auto completed = co_await pages(queue, {.state = job_state::completed}, 2);
    CHECK(completed == listing{{"w4", "w2"}});
    const auto all = co_await pages(queue, {}, 4);
    CHECK(all == listing{{"d1", "d2", "w1", "w2"}, {"w3", "w4"}});
    const auto none = co_await pages(queue, {.state = job_state::failed}, 4);
    CHECK(none == listing{{}});
}

QUEUE_CASE("a page that is just full is the last one if nothing follows")
{
    for (const auto* id : {"a", "b", "c", "d"})
        co_await queue.add("x", 1, {.id = id});
    const auto all = co_await pages(queue, {}, 2);
    CHECK(all == listing{{"a", "b"}, {"c", "d"}});
}

QUEUE_CASE("a page goes on behind the last one shown, also when that one has gone")
{
    for (const auto* id : {"a", "b", "c", "d"})
        co_await queue.add("x", 1, {.id = id});
    page_request request{.limit = 2};
    const auto first = co_await queue.get_jobs({.state = job_state::waiting}, request);
    CHECK(names(first) == std::vector<std::string>{"a", "b"});
    co_await queue.remove("b");
    request.after = first.next;
    const auto second = co_await queue.get_jobs({.state = job_state::waiting}, request);
    CHECK(names(second) == std::vector<std::string>{"c", "d"});
    CHECK(second.next.empty());
}

QUEUE_CASE("a page request out of range is refused by the name of its field")
{
    for (const int limit : {0, -1, 1001}) {
        page_request request{.limit = limit};
        const auto jobs = co_await error_of(queue.get_jobs({}, request));
        CHECK(jobs.code == errc::invalid_argument);
        CHECK(jobs.field == "limit");
        const auto logs = co_await error_of(queue.get_job_logs("a", request));
        CHECK(logs.field == "limit");
    }
    for (const int limit : {1, 1000}) {
        page_request request{.limit = limit};
        const auto e = co_await error_of(queue.get_jobs({}, request));
        CHECK(e.text == "");
    }
    page_request nonsense{.after = "nonsense"};
    const auto e = co_await error_of(queue.get_jobs({.state = job_state::waiting}, nonsense));
    CHECK(e.code == errc::invalid_argument);
    CHECK(e.field == "after");
}

QUEUE_CASE("counts tell the jobs of each state, and of this queue alone")
{
    auto other = a.engine.queue<int, int>("other");
    co_await other.add("x", 1);
    for (int i = 0; i < 5; ++i)
        co_await queue.add("x", i);
    co_await queue.add("x", 5, {.delay = 1s});
    co_await finish_one(queue, "");
    co_await finish_one(queue, "boom");
    co_await queue.fetch_next_and_lock({});
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.waiting = 2, .delayed = 1, .active = 1, .completed = 1, .failed = 1});
}

QUEUE_CASE("log lines are kept with their time, the newest of them, and shown page by page")
{
    const auto job = co_await queue.add("x", 1, {.id = "a", .keep_logs = 3});
    for (int i = 0; i < 5; ++i) {
        co_await job.log("line " + std::to_string(i));
        a.clock->advance(1s);
    }
    page_request request{.limit = 2};
    const auto first = co_await queue.get_job_logs("a", request);
    CHECK(first.items == std::vector<log_line>{{a.at(2s), "line 2"}, {a.at(3s), "line 3"}});
    request.after = first.next;
    const auto second = co_await queue.get_job_logs("a", request);
    CHECK(second.items == std::vector<log_line>{{a.at(4s), "line 4"}});
    CHECK(second.next.empty());
    const auto none = co_await queue.get_job_logs("b");
    CHECK(none.items.empty());
    co_await queue.remove("a");
    const auto gone = co_await queue.get_job_logs("a");
    CHECK(gone.items.empty());
}

QUEUE_CASE("a line that is too long or not UTF-8 is kept as far as it can be shown")
{
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    co_await job.log(std::string(70'000, 'x'));
    co_await job.log("bad \xFF byte");
    const auto logs = co_await queue.get_job_logs("a");
    REQUIRE(logs.items.size() == 2);
    CHECK(logs.items[0].text.size() == 65'536);
    CHECK(logs.items[0].text.ends_with("x [cut]"));
    CHECK(logs.items[1].text == "bad \xEF\xBF\xBD byte");
}

APP_CASE("progress is stored as JSON and shown by every handle that reads it")
{
    auto queue = a.engine.queue<int, int>("q", {.size_limit = 20});
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    co_await job.update_progress(50);
    CHECK(job.progress() == 50);
    boost::json::value steps{1, 2};
    co_await job.update_progress(std::move(steps));
    const auto found = co_await queue.get_job("a");
    REQUIRE(found);
    CHECK(found->progress() == boost::json::value{1, 2});

    const auto too_large = co_await error_of(job.update_progress(boost::json::string(30, 'x')));
    CHECK(too_large.code == errc::payload_too_large);
    const auto infinite = co_await error_of(job.update_progress(1e308 * 10));
    CHECK(infinite.code == errc::invalid_argument);
    CHECK(infinite.field == "progress");
    CHECK(job.progress() == boost::json::value{1, 2});
}

QUEUE_CASE("a handle is a snapshot until it is refreshed, and its copies share it")
{
    const job<int, int> job = co_await queue.add("x", 1, {.id = "a"});
    const auto copy = job;
    co_await finish_one(queue, "boom");
    CHECK(job.state() == job_state::waiting);
    co_await job.refresh();
    CHECK(job.state() == job_state::failed);
    CHECK(copy.state() == job_state::failed);
    CHECK(job.failed_reason() == "boom");
    REQUIRE(job.attempts().size() == 1);
    CHECK(job.attempts()[0].error.message == "boom");
    CHECK(job.attempts()[0].number == 1);
    CHECK(job.attempts()[0].at == a.at(0ms));
    co_await queue.remove("a");
    const auto e = co_await error_of(job.refresh());
    CHECK(e.code == errc::not_found);
}

TEST_SUITE_END();
