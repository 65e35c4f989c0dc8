#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "app.hpp"
#include "domain/text.hpp"
#include "recorder.hpp"
#include "ward.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("job: changes");

namespace {

using int_queue = queue<int, int>;

asio::awaitable<claimed_job<int, int>> take_first(int_queue queue)
{
    auto taken = co_await queue.fetch_next_and_lock({});
    REQUIRE(taken.size() == 1);
    co_return std::move(taken[0]);
}

}  // namespace

QUEUE_CASE("the delay of a job can be changed while it waits, which the handle and the events show")
{
    const auto job = co_await queue.add("x", 1, {.id = "a"});
    recorder events{queue.events()};
    a.clock->advance(1s);
    co_await job.change_delay(5s);
    CHECK(job.state() == job_state::delayed);
    CHECK(job.run_at() == a.at(6s));
    co_await job.change_delay(10s);
    CHECK(job.run_at() == a.at(11s));
    co_await job.change_delay(0ms);
    CHECK(job.state() == job_state::waiting);
    CHECK_FALSE(job.run_at());
    co_await job.change_delay(0ms);
    co_await settle();
    CHECK(events.take() == lines{"delayed a until 6000", "delayed a until 11000", "waiting a from delayed"});
    const auto held = co_await take_first(queue);
    const auto e = co_await error_of(job.change_delay(5s));
    CHECK(e.code == errc::wrong_state);
    CHECK(e.text == "job 'a' is active, but must be waiting or delayed");
    const auto negative = co_await error_of(job.change_delay(-1ms));
    CHECK(negative.code == errc::invalid_argument);
    CHECK(negative.field == "delay");
}

QUEUE_CASE("a worker that sleeps runs a job at its new time")
{
    lines ran;
    const auto act = [&](cofila::job<int, int> job) -> asio::awaitable<int> {
        ran.push_back(job.id().str() + " at " + std::to_string(a.elapsed().count()));
        co_return 1;
    };
    shift worker{queue, act};
    const auto sooner = co_await queue.add("x", 1, {.id = "sooner", .delay = 1h});
    const auto now = co_await queue.add("x", 1, {.id = "now", .delay = 1h});
    co_await a.clock->pass(1s);
    co_await sooner.change_delay(700ms);
    co_await now.change_delay(0ms);
    co_await a.clock->pass(1s);
    CHECK(ran == lines{"now at 1000", "sooner at 1700"});
    co_await worker.finish();
}

QUEUE_CASE("the priority of a job can be changed while it waits, and says when it runs")
{
    for (const auto* id : {"a", "b", "c"})
        co_await queue.add("x", 1, {.id = id, .priority = 5});
    const auto b = co_await queue.get_job("b");
    const auto c = co_await queue.get_job("c");
    REQUIRE(b);
    REQUIRE(c);
    recorder events{queue.events()};
    co_await b->change_priority(6);
    CHECK(b->priority() == 6);
    CHECK(b->options().priority == 5);
    co_await c->change_priority(5, true);
    co_await settle();
    CHECK(events.take() == lines{});
    const auto positions = [&]() -> asio::awaitable<std::vector<std::size_t>> {
        std::vector<std::size_t> out;
        for (const auto* id : {"c", "a", "b"}) {
            const auto at = co_await queue.get_position(id);
            out.push_back(at.value_or(99));
        }
        co_return out;
    };
    const auto found = co_await positions();
    CHECK(found == std::vector<std::size_t>{0, 1, 2});
    const auto counts = co_await queue.get_counts_per_priority({6, 5, 0});
    CHECK(counts == std::vector<std::size_t>{1, 2, 0});
    const auto e = co_await error_of(b->change_priority(2'097'152));
    CHECK(e.field == "priority");
}

QUEUE_CASE("only a waiting job has a position, and at most 1,000 priorities are counted")
{
    co_await queue.add("x", 1, {.id = "a", .delay = 1h});
    for (const auto* id : {"a", "nobody"}) {
        const auto at = co_await queue.get_position(id);
        CHECK_FALSE(at);
    }
    const auto most = co_await queue.get_counts_per_priority(std::vector<int>(1000));
    CHECK(most.size() == 1000);
    const auto e = co_await error_of(queue.get_counts_per_priority(std::vector<int>(1001)));
    CHECK(e.code == errc::invalid_argument);
    CHECK(e.field == "priorities");
}

QUEUE_CASE("a processor can store other data, which its next attempt is given")
{
    lines seen;
    const auto act = [&](cofila::job<int, int> job) -> asio::awaitable<int> {
        seen.push_back(std::to_string(job.data()));
        co_await job.update_data(job.data() + 1);
        seen.push_back(std::to_string(job.data()));
        if (job.attempts_made() == 0)
            throw std::runtime_error{"boom"};
        co_return 1;
    };
    shift worker{queue, act};
    co_await queue.add("x", 7, {.id = "a", .attempts = 2});
    co_await settle();
    CHECK(seen == lines{"7", "8", "8", "9"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.data == "9");
    co_await worker.finish();
}

QUEUE_CASE("data is fenced by the lock, and what cannot be stored is refused")
{
    const auto added = co_await queue.add("x", 1, {.id = "a"});
    co_await added.update_data(2);
    CHECK(added.data() == 2);
    const auto held = co_await take_first(queue);
    CHECK(held.job.data() == 2);
    const auto no_lock = co_await error_of(added.update_data(3));
    CHECK(no_lock.code == errc::lock_lost);
    co_await rescue(a, "q", "a");
    const auto lost = co_await error_of(held.job.update_data(3));
    CHECK(lost.code == errc::lock_lost);
    CHECK(held.job.data() == 2);
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.data == "2");

    auto small = a.engine.queue<std::string, int>("small", queue_options{.size_limit = 10});
    const auto text = co_await small.add("x", "short");
    const auto large = co_await error_of(text.update_data("much longer"));
    CHECK(large.code == errc::payload_too_large);
    const auto damaged = co_await error_of(text.update_data("\xFF"));
    CHECK(damaged.code == errc::invalid_argument);
    CHECK(damaged.field == "data");
    CHECK(text.data() == "short");
}

QUEUE_CASE("a cancelled job that is removed is reported in the same words as one that is kept")
{
    co_await queue.add("x", 1, {.id = "kept"});
    co_await queue.add("x", 1, {.id = "gone", .on_failed = retention::remove_at_once()});
    std::map<std::string, std::string> told;
    queue.events().failed.connect([&](const failed_event& e) { told[e.id.str()] = e.reason; });
    const std::string why = std::string(70'000, 'y') + "\xFF";
    co_await queue.cancel("kept", why);
    co_await queue.cancel("gone", why);
    co_await settle();
    const auto kept = co_await stored(a, "q", "kept");
    CHECK(told["kept"] == kept.failed_reason);
    CHECK(told["gone"] == kept.failed_reason);
    CHECK(kept.failed_reason.size() <= domain::text_limit);
    CHECK(kept.failed_reason.ends_with("y [cut]"));
}

QUEUE_CASE("a job that waits is cancelled with an event, one that has finished is not")
{
    const auto waiting = co_await queue.add("x", 1, {.id = "waiting"});
    const auto delayed = co_await queue.add("x", 1, {.id = "delayed", .delay = 1h});
    co_await queue.add("x", 1, {.id = "gone", .on_failed = retention::remove_at_once()});
    recorder events{queue.events()};
    co_await waiting.cancel("no more");
    CHECK(waiting.state() == job_state::failed);
    CHECK(waiting.failed_reason() == "cancelled: no more");
    co_await queue.cancel("delayed", "no more");
    co_await queue.cancel("gone", "no more");
    co_await settle();
    CHECK(
        events.take() ==
        lines{
            "failed waiting cancelled: no more",
            "failed delayed cancelled: no more",
            "failed gone cancelled: no more",
            "removed gone"
        }
    );
    const auto finished = co_await error_of(delayed.cancel("again"));
    CHECK(finished.code == errc::wrong_state);
    CHECK(finished.text == "job 'delayed' is failed, but must be not finished");
    const auto nobody = co_await error_of(queue.cancel("gone", "again"));
    CHECK(nobody.code == errc::not_found);
    co_await settle();
    CHECK(events.take() == lines{});
}

QUEUE_CASE("a job that was not started in time fails at the next claim, and the next one runs")
{
    co_await queue.add("x", 1, {.id = "a", .ttl = 5s});
    co_await queue.add("x", 1, {.id = "gone", .ttl = 5s, .on_failed = retention::remove_at_once()});
    co_await queue.add("x", 1, {.id = "b"});
    a.clock->advance(5s);
    ward here{a};
    recorder events{queue.events()};
    shift worker{queue, here.processor_of()};
    co_await settle();
    CHECK(here.started == lines{"b"});
    CHECK(events.take() == lines{"failed a expired", "failed gone expired", "removed gone", "active b"});
    here.let_out({"b"});
    co_await worker.finish();
}

QUEUE_CASE("a job that was not started in time fails at a sweep, with an event", maintenance_options{.interval = 5s})
{
    co_await settle();
    co_await queue.add("x", 1, {.id = "a", .ttl = 5s});
    co_await queue.add("x", 1, {.id = "gone", .delay = 1h, .ttl = 1s, .on_failed = retention::remove_at_once()});
    co_await queue.add("x", 1, {.id = "not yet", .ttl = 6s});
    co_await settle();
    recorder events{queue.events()};
    co_await a.clock->pass(4'999ms);
    CHECK(events.take() == lines{});
    co_await a.clock->pass(1ms);
    CHECK(events.take() == lines{"failed gone expired", "removed gone", "failed a expired"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 0);
}

TEST_SUITE_END();
