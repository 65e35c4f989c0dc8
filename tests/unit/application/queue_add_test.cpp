#include <string>
#include <vector>

#include "app.hpp"
#include "reading.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: adding");

namespace {

/// What the store has of the queue's job.
asio::awaitable<std::string> data_of(app& a, std::string queue, job_id id)
{
    const auto job = co_await stored(a, std::move(queue), std::move(id));
    co_return job.data;
}

}  // namespace

APP_CASE("a job is stored when add returns, and the handle tells what is stored")
{
    auto queue = a.engine.queue<std::vector<int>, int>("q");
    std::vector<int> data{1, 2};
    const auto job = co_await queue.add("sum", std::move(data), {.id = "a", .priority = 3, .attempts = 2});
    CHECK(job.id() == "a");
    CHECK(job.name() == "sum");
    CHECK(job.queue_name() == "q");
    CHECK(job.data() == std::vector<int>{1, 2});
    CHECK(job.state() == job_state::waiting);
    CHECK(job.timestamp() == a.at(0ms));
    CHECK(job.attempts_made() == 0);
    CHECK(job.attempts_started() == 0);
    CHECK(job.stalled_count() == 0);
    CHECK_FALSE(job.run_at());
    CHECK_FALSE(job.processed_at());
    CHECK_FALSE(job.finished_at());
    CHECK_FALSE(job.result());
    CHECK(job.progress().is_null());
    CHECK(job.failed_reason().empty());
    CHECK(job.attempts().empty());
    CHECK_FALSE(job.cancelled());
    CHECK_FALSE(job.duplicate);

    const auto now = co_await stored(a, "q", "a");
    CHECK(now.data == "[1,2]");
    CHECK(now.priority == 3);
    CHECK(now.state == job_state::waiting);
    CHECK(*now.options->attempts == 2);
}

APP_CASE("a generated id is a UUID of version 8, by which the job is found, and later ones are greater")
{
    auto queue = a.engine.queue("q");
    std::vector<job_id> made;
    for (int i = 0; i < 5; ++i) {
        const auto job = co_await queue.add("x", nullptr);
        made.push_back(job.id());
        REQUIRE(job.id().str().size() == 36);
        CHECK(job.id().str()[14] == '8');
        const auto found = co_await queue.get_job(job.id());
        CHECK(found);
        if (i == 2)
            a.clock->step_wall(-1h);
    }
    for (std::size_t i = 1; i < made.size(); ++i)
        CHECK(made[i - 1] < made[i]);
}

APP_CASE("what a job does not say is taken from the queue, and else is the built-in value")
{
    auto plain = a.engine.queue("plain");
    const auto built_in = co_await plain.add("x", nullptr);
    const job_options expected{
        .priority = 0,
        .lifo = false,
        .delay = 0ms,
        .attempts = 1,
        .backoff = backoff::none(),
        .on_completed = retention::keep_for(24h),
        .on_failed = retention::keep_for(168h),
        .max_stalled_count = 1,
        .max_deferrals = 1000,
        .keep_logs = 1000,
        .keep_attempts = 20
    };
    CHECK(built_in.options() == expected);

    const queue_options own{
        .defaults = {.priority = 7, .attempts = 3, .backoff = backoff::fixed(1s), .on_failed = retention::keep_all()},
        .on_completed = retention::remove_at_once(),
        .on_failed = retention::keep_last(9)
    };
    auto queue = a.engine.queue("own", own);
    const auto job = co_await queue.add("x", nullptr, {.priority = 0, .keep_logs = 5});
    CHECK(job.options().priority == 0);
    CHECK(job.options().attempts == 3);
    CHECK(job.options().backoff == backoff::fixed(1s));
    CHECK(job.options().on_completed == retention::remove_at_once());
    CHECK(job.options().on_failed == retention::keep_all());
    CHECK(job.options().keep_logs == 5);
    CHECK(job.options().keep_attempts == 20);

    // The options of the one before are not those of the next.
    const auto next = co_await queue.add("x", nullptr, {.attempts = 8});
    CHECK(next.options().priority == 7);
    CHECK(next.options().attempts == 8);
    CHECK(next.options().keep_logs == 1000);
}

APP_CASE("raw_json is stored and delivered digit for digit")
{
    auto queue = a.engine.queue<raw_json>("q");
    const std::string text = R"( { "n" : 1.000, "big": 12345678901234567890123, "n": -0 } )";
    raw_json data{.text = text};
    co_await queue.add("x", std::move(data), {.id = "a"});
    const auto data_now = co_await data_of(a, "q", "a");
    CHECK(data_now == text);
    const auto found = co_await queue.get_job("a");
    REQUIRE(found);
    CHECK(found->data().text == text);
    raw_json broken{.text = "{} {}"};
    const auto e = co_await error_of(queue.add("x", std::move(broken)));
    CHECK(e.code == errc::invalid_argument);
}

APP_CASE("a payload that does not fit the type spoils no listing")
{
    auto loose = a.engine.queue("q");
    auto strict = a.engine.queue<reading>("q");
    co_await loose.add("x", "no object", {.id = "a"});
    const auto listed = co_await strict.get_jobs();
    REQUIRE(listed.items.size() == 1);
    CHECK(listed.items[0].id() == "a");
    const auto e = error_of([&] { return listed.items[0].data(); });
    CHECK(e.code == errc::payload_undecodable);
    CHECK(e.text == "$: value is not an object");
}

QUEUE_CASE("F73: adding an id again adds nothing, whatever the state of its job, and shows that job")
{
    co_await queue.add("first", 1, {.id = "a", .priority = 2});
    recorder events{queue.events()};
    const auto again = co_await queue.add("second", 2, {.id = "a"});
    CHECK(again.duplicate);
    CHECK(again.name() == "first");
    CHECK(again.data() == 1);
    CHECK(again.options().priority == 2);
    co_await settle();
    CHECK(events.take() == lines{"duplicated a"});

    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    const auto while_active = co_await queue.add("third", 3, {.id = "a"});
    CHECK(while_active.duplicate);
    CHECK(while_active.state() == job_state::active);
    co_await queue.complete(taken[0].claim, 42);
    const auto when_done = co_await queue.add("fourth", 4, {.id = "a"});
    CHECK(when_done.duplicate);
    CHECK(when_done.state() == job_state::completed);
    CHECK(when_done.result() == 42);
    co_await queue.remove("a");
    const auto anew = co_await queue.add("fifth", 5, {.id = "a"});
    CHECK_FALSE(anew.duplicate);
    CHECK(anew.data() == 5);
    // Ids belong to their queue.
    const auto elsewhere = co_await a.engine.queue<int>("other").add("x", 1, {.id = "a"});
    CHECK_FALSE(elsewhere.duplicate);
}

APP_CASE("add_bulk adds all in order, with one call of the store")
{
    auto queue = a.engine.queue<int>("q", {.defaults = {.attempts = 4}});
    recorder events{queue.events()};
    std::vector<job_spec<int>> jobs;
    jobs.push_back({.name = "one", .data = 1, .options = {.id = "a"}});
    jobs.push_back({.name = "two", .data = 2, .options = {.id = "b", .delay = 5s}});
    jobs.push_back({.name = "three", .data = 3, .options = {.id = "a"}});
    jobs.push_back({.name = "four", .data = 4, .options = {.id = "c", .attempts = 2}});
    const auto done = co_await queue.add_bulk(std::move(jobs));
    CHECK(a.store->calls(op::add) == 1);
    REQUIRE(done.size() == 4);
    const char* expected[] = {"a", "b", "a", "c"};
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(done[i].id == expected[i]);
        CHECK(done[i].duplicate == (i == 2));
    }
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "added a one",
            "waiting a",
            "added b two",
            "delayed b until 5000",
            "duplicated a",
            "added c four",
            "waiting c"
        }
    );
    const auto first = co_await stored(a, "q", "a");
    CHECK(first.name == "one");
    CHECK(*first.options->attempts == 4);
    const auto last = co_await stored(a, "q", "c");
    CHECK(*last.options->attempts == 2);
}

APP_CASE("add_bulk of nothing does nothing")
{
    const auto done = co_await a.engine.queue<int>("q").add_bulk({});
    CHECK(done.empty());
    CHECK(a.store->calls(op::add) == 0);
}

TEST_SUITE_END();
