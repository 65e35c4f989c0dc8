// Handles of queues and jobs.
#include <map>
#include <string>
#include <vector>

#include "app.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("queue: control");

namespace {

using int_queue = queue<int, int>;

}  // namespace

QUEUE_CASE("the operations of a handle change the job, and the handle shows it")
{
    const auto job = co_await queue.add("x", 1, {.id = "a", .delay = 1s});
    CHECK(job.state() == job_state::delayed);
    CHECK(job.run_at() == a.at(1s));
    co_await job.promote();
    CHECK(job.state() == job_state::waiting);
    CHECK_FALSE(job.run_at());
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    co_await queue.complete(taken[0].claim, 7);
    co_await job.retry();
    CHECK(job.state() == job_state::waiting);
    CHECK_FALSE(job.result());
    co_await job.remove();
    const auto found = co_await queue.get_job("a");
    CHECK_FALSE(found);
}

APP_CASE("an awaitable may outlive the handle that it came from")
{
    const auto from_temporaries = [&] {
        auto queue = std::make_unique<int_queue>(a.engine.queue<int, int>("q"));
        return std::pair{queue->add("x", 1, {.id = "a", .delay = 1s}), [kept = std::move(queue)]() mutable {
                             auto waits = kept->promote("a");
                             kept.reset();
                             return waits;
                         }};
    };
    auto [add, promote] = from_temporaries();
    auto job = std::make_unique<add_result<int, int>>(co_await std::move(add));
    auto progress = job->update_progress(1);
    auto log = job->log("line");
    auto refresh = job->refresh();
    job.reset();
    co_await std::move(progress);
    co_await std::move(log);
    co_await std::move(refresh);
    co_await promote();

    auto queue = std::make_unique<int_queue>(a.engine.queue<int, int>("q"));
    std::vector<job_spec<int>> none;
    auto bulk = queue->add_bulk(std::move(none));
    auto get = queue->get_job("a");
    auto list = queue->get_jobs();
    auto counts = queue->get_job_counts();
    auto logs = queue->get_job_logs("a");
    auto pause = queue->pause();
    auto resume = queue->resume();
    auto fetch = queue->fetch_next_and_lock({});
    auto remove = queue->remove("b");
    auto drain = queue->drain(true);
    auto clean = queue->clean({.state = job_state::waiting});
    auto retry_all = queue->retry_all();
    auto promote_all = queue->promote_all();
    auto position = queue->get_position("a");
    auto cancel = queue->cancel("a", "why");
    auto close = queue->close();
    auto dropped = queue->add("never awaited", 1);
    queue.reset();
    co_await std::move(bulk);
    const auto found = co_await std::move(get);
    CHECK(found);
    const auto listed = co_await std::move(list);
    CHECK(listed.items.size() == 1);
    const auto counted = co_await std::move(counts);
    CHECK(counted == job_counts{.waiting = 1});
    const auto lines_of = co_await std::move(logs);
    CHECK(lines_of.items.size() == 1);
    co_await std::move(pause);
    co_await std::move(resume);
    const auto taken = co_await std::move(fetch);
    CHECK(taken.size() == 1);
    const auto changed = co_await std::move(drain) + co_await std::move(clean) + co_await std::move(retry_all) +
                         co_await std::move(promote_all);
    CHECK(changed == 0);
    const auto at = co_await std::move(position);
    CHECK_FALSE(at);
    co_await std::move(cancel);
    const auto removed = co_await std::move(remove);
    CHECK_FALSE(removed);
    co_await std::move(close);
}

APP_CASE("every handle of one name shares the queue")
{
    const queue_options options{.defaults = {.attempts = 3}};
    auto first = a.engine.queue<int, int>("q", options);
    auto second = a.engine.queue<int, int>("q");
    auto third = a.engine.queue<int, int>("q", options);
    CHECK(first.core() == second.core());
    CHECK(first.core() == third.core());
    CHECK(first.name() == "q");
    recorder events{first.events()};
    const auto job = co_await second.add("x", 1, {.id = "a"});
    CHECK(job.options().attempts == 3);
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a"});
    CHECK(a.engine.queue("other").core() != first.core());
}

APP_CASE("other options for an open queue are refused")
{
    const auto first = a.engine.queue("q", {.size_limit = 100});
    for (const auto& options :
         {queue_options{},
          queue_options{.defaults = {.attempts = 2}, .size_limit = 100},
          queue_options{.size_limit = 101}}) {
        const auto e = error_of([&] { a.engine.queue("q", options); });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "options");
    }
    co_return;
}

APP_CASE("a queue's name and options are checked when it is opened")
{
    struct refusal {
        std::string field;
        std::string name;
        queue_options options{};
    };
    const refusal cases[] = {
        {"queue", ""},
        {"queue", std::string(201, 'q')},
        {"queue", "a\nb"},
        {"queue", "\xFF"},
        {"defaults.id", "q", {.defaults = {.id = "a"}}},
        {"priority", "q", {.defaults = {.priority = -1}}},
        {"on_completed.age", "q", {.on_completed = retention::keep_for(-1s)}},
        {"size_limit", "q", {.size_limit = 0}},
    };
    for (const auto& c : cases) {
        INFO(c.field);
        const auto e = error_of([&] { a.engine.queue(c.name, c.options); });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == c.field);
    }
    a.engine.queue(std::string(200, 'q'));
    a.engine.queue("'; drop table jobs");
    co_return;
}

QUEUE_CASE("every function of a closed queue throws closed, and the store is not asked")
{
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    const auto held = taken[0].claim;
    co_await queue.close();
    const auto other_handle = a.engine.queue<int, int>("other");

    std::map<std::string, thrown_error> errors;
    const auto calls_before = a.store->calls(op::settle) + a.store->calls(op::get) + a.store->calls(op::add);
    std::vector<job_spec<int>> specs(1, {.name = "x"});
    errors["add"] = co_await error_of(queue.add("x", 1));
    errors["add_bulk"] = co_await error_of(queue.add_bulk(std::move(specs)));
    errors["get_job"] = co_await error_of(queue.get_job("a"));
    errors["get_jobs"] = co_await error_of(queue.get_jobs());
    errors["get_job_counts"] = co_await error_of(queue.get_job_counts());
    errors["get_job_logs"] = co_await error_of(queue.get_job_logs("a"));
    errors["pause"] = co_await error_of(queue.pause());
    errors["resume"] = co_await error_of(queue.resume());
    errors["is_paused"] = co_await error_of(queue.is_paused());
    errors["remove"] = co_await error_of(queue.remove("a"));
    errors["retry"] = co_await error_of(queue.retry("a"));
    errors["cancel"] = co_await error_of(queue.cancel("a", "why"));
    errors["drain"] = co_await error_of(queue.drain());
    errors["clean"] = co_await error_of(queue.clean({}));
    errors["retry_all"] = co_await error_of(queue.retry_all());
    errors["promote_all"] = co_await error_of(queue.promote_all());
    errors["obliterate"] = co_await error_of(queue.obliterate());
    errors["get_position"] = co_await error_of(queue.get_position("a"));
    errors["get_counts_per_priority"] = co_await error_of(queue.get_counts_per_priority({0}));
    errors["release"] = co_await error_of(queue.release(held));
    errors["job.cancel"] = co_await error_of(job.cancel("why"));
    errors["job.change_delay"] = co_await error_of(job.change_delay(1s));
    errors["job.change_priority"] = co_await error_of(job.change_priority(1));
    errors["job.update_data"] = co_await error_of(job.update_data(1));
    errors["promote"] = co_await error_of(queue.promote("a"));
    errors["fetch"] = co_await error_of(queue.fetch_next_and_lock({}));
    errors["complete"] = co_await error_of(queue.complete(held, 1));
    failure why{.message = "boom"};
    errors["fail"] = co_await error_of(queue.fail(held, std::move(why)));
    errors["extend_lock"] = co_await error_of(queue.extend_lock(held, 1s));
    errors["start_maintenance"] = error_of([&] { queue.start_maintenance(); });
    errors["job.refresh"] = co_await error_of(job.refresh());
    errors["job.promote"] = co_await error_of(job.promote());
    errors["job.retry"] = co_await error_of(job.retry());
    errors["job.remove"] = co_await error_of(job.remove());
    for (const auto& [name, e] : errors) {
        INFO(name);
        CHECK(e.code == errc::closed);
        CHECK(e.text == "queue 'q' has been closed");
    }
    CHECK(a.store->calls(op::settle) + a.store->calls(op::get) + a.store->calls(op::add) == calls_before);

    co_await queue.close();  // idempotent
    CHECK(queue.name() == "q");
    // Its jobs are still there, and whoever opens the queue again finds them.
    auto again = a.engine.queue<int, int>("q");
    const auto found = co_await again.get_job("a");
    REQUIRE(found);
    CHECK(found->state() == job_state::active);
}

TEST_SUITE_END();
