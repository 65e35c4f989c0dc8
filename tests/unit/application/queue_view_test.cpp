#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "notes.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue views");

namespace {

std::vector<std::string> names(const page<queue_info>& of)
{
    std::vector<std::string> out;
    for (const auto& one : of.items)
        out.push_back(one.name);
    return out;
}

}  // namespace

APP_CASE("a view that comes first leaves the options of the queue to the program that opens it")
{
    const auto look = a.engine.look_at("q");
    const auto before = co_await look.add("x", "1");
    CHECK(before.options().attempts == 1);
    auto queue = a.engine.queue<int, int>("q", {.defaults = {.attempts = 7}, .size_limit = 10});
    const auto after = co_await look.add("x", "2");
    CHECK(after.options().attempts == 7);
    const auto large = co_await error_of(look.add("x", "\"longer than 10\""));
    CHECK(large.code == errc::payload_too_large);
    const auto progress = co_await error_of(before.update_progress("longer than 10"));
    CHECK(progress.code == errc::payload_too_large);
    const auto added = co_await queue.add("x", 3);
    CHECK(added.options().attempts == 7);
    const auto other = error_of([&] { (void)a.engine.queue("q", queue_options{}); });
    CHECK(other.code == errc::invalid_argument);
    CHECK(other.field == "options");
    CHECK(a.engine.look_at("q").name() == "q");
}

APP_CASE("a queue without options has the default ones for all that come after")
{
    (void)a.engine.look_at("q");
    (void)a.engine.queue("q");
    const auto other = error_of([&] { (void)a.engine.queue("q", {.size_limit = 10}); });
    CHECK(other.field == "options");
    co_return;
}

APP_CASE("options that are refused are not the queue's")
{
    const auto refused = error_of([&] { (void)a.engine.queue("q", {.size_limit = 0}); });
    CHECK(refused.field == "size_limit");
    const auto queue = a.engine.queue<int, int>("q", {.defaults = {.attempts = 2}});
    const auto added = co_await queue.add("x", 1);
    CHECK(added.options().attempts == 2);
}

APP_CASE("a view adds text as it is, and shows data and results as text")
{
    const auto look = a.engine.look_at("q");
    const auto added = co_await look.add("x", R"({ "to":  1.0 })", {.id = "a"});
    CHECK(added.data().text == R"({ "to":  1.0 })");
    const auto again = co_await look.add("x", "2", {.id = "a"});
    CHECK(again.duplicate);
    const auto no_json = co_await error_of(look.add("x", "{"));
    CHECK(no_json.field == "data");
    auto queue = a.engine.queue<boost::json::value, int>("q");
    auto taken = co_await queue.fetch_next_and_lock({.worker_id = "w"});
    REQUIRE(taken.size() == 1);
    const auto running = co_await look.get_job("a");
    REQUIRE(running);
    CHECK(running->worker() == "w");
    co_await queue.complete(taken[0].claim, 42);
    const auto done = co_await look.get_job("a");
    REQUIRE(done);
    CHECK(done->result()->text == "42");
    CHECK(done->worker() == "w");
    const auto result = co_await look.wait_until_finished("a", 1s);
    CHECK(result.text == "42");
    const auto listed = co_await look.get_jobs({.state = {job_state::completed, job_state::failed}});
    REQUIRE(listed.items.size() == 1);
    CHECK(listed.items[0].data().text == R"({ "to":  1.0 })");
}

QUEUE_CASE("a change through a view is told by the events of the queue, and wakes its workers")
{
    const auto look = a.engine.look_at("q");
    recorder events{queue.events()};
    int ran = 0;
    shift worker{queue, [&](job<int, int>) -> asio::awaitable<int> {
                     ++ran;
                     co_return 1;
                 }};
    co_await look.pause();
    co_await look.add("x", "1", {.id = "a"});
    co_await settle();
    CHECK(ran == 0);
    co_await look.resume();
    co_await settle();
    CHECK(ran == 1);
    co_await look.retry("a");
    co_await settle();
    CHECK(ran == 2);
    const bool removed = co_await look.remove("a");
    CHECK(removed);
    co_await settle();
    CHECK(events.take().back() == "removed a");
    co_await worker.finish();
}

APP_CASE("looking makes no queue, and what is there is listed")
{
    const auto look = a.engine.look_at("nobody's");
    const auto counts = co_await look.get_job_counts();
    CHECK(counts == job_counts{});
    CHECK(a.store->writes() == 0);
    auto page = co_await a.engine.queues();
    CHECK(names(page).empty());
    for (const auto* name : {"c", "a", "b"})
        co_await a.engine.look_at(name).add("x", "1");
    co_await a.engine.look_at("b").pause();
    page = co_await a.engine.queues({.limit = 2});
    CHECK(names(page) == std::vector<std::string>{"a", "b"});
    CHECK(page.items[1].settings.paused);
    page = co_await a.engine.queues({.after = page.next});
    CHECK(names(page) == std::vector<std::string>{"c"});
    page = co_await a.engine.queues({.newest_first = true});
    CHECK(names(page) == std::vector<std::string>{"c", "b", "a"});
    const auto limit = co_await error_of(a.engine.queues({.limit = 0}));
    CHECK(limit.field == "limit");
}

QUEUE_CASE("failed jobs run again up to a limit, beginning with those that failed first")
{
    for (const auto* id : {"a", "b", "c", "d"}) {
        co_await queue.add("x", 1, {.id = id});
        auto held = co_await take(queue);
        co_await queue.fail(std::move(held), failure{.message = "boom"});
        co_await a.clock->pass(1ms);
    }
    std::size_t told = 0;
    auto done = co_await queue.retry_all({.limit = 2, .progress = [&](std::size_t so_far) { told = so_far; }});
    CHECK(done == 2);
    CHECK(told == 2);
    const auto waiting = co_await queue.get_jobs({.state = job_state::waiting});
    REQUIRE(waiting.items.size() == 2);
    CHECK(waiting.items[0].id() == "a");
    CHECK(waiting.items[1].id() == "b");
    done = co_await queue.retry_all({.limit = 0});
    CHECK(done == 0);
    done = co_await queue.retry_all();
    CHECK(done == 2);
}

TEST_SUITE_END();
