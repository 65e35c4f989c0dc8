#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "app.hpp"
#include "closing.hpp"
#include "recorder.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("worker: backoff strategies");

namespace {

using int_job = job<int, int>;

asio::awaitable<int> boom(int_job)
{
    throw std::runtime_error{"boom"};
    co_return 0;
}

worker_options with(backoff_strategy mine)
{
    worker_options options;
    options.backoff_strategies.emplace("mine", std::move(mine));
    return options;
}

backoff by_name(std::string name)
{
    auto out = backoff::custom(std::move(name));
    out.delay = 250ms;
    return out;
}

/// A job that fails goes on as with a fixed backoff, and `error` says why.
void check_fixed_instead(worker_options options, std::string name, std::string error)
{
    run_app([=](app&, queue<int, int> queue) -> asio::awaitable<void> {
        shift worker{queue, boom, options};
        co_await settle();
        recorder events{queue.events()};
        recorder own{worker.events()};
        co_await queue.add("x", 1, {.id = "a", .attempts = 2, .backoff = by_name(name)});
        co_await settle();
        CHECK(
            events.take() == lines{"added a x", "waiting a", "active a", "retrying a after 250 made 1 boom", "drained"}
        );
        CHECK(own.take() == lines{"job_active a x 1", "error " + error, "job_errored a x boom"});
        co_await worker.finish();
    });
}

}  // namespace

QUEUE_CASE("a strategy decides how long a failed job waits, and is told how often and why it failed")
{
    lines asked;
    const auto strategy = [&](int attempts_made, const failure& why) -> std::optional<milliseconds> {
        asked.push_back(std::to_string(attempts_made) + " " + why.message + " " + why.type);
        return attempts_made * 100ms;
    };
    shift worker{queue, boom, with(strategy)};
    recorder events{queue.events()};
    co_await queue.add("x", 1, {.id = "a", .attempts = 3, .backoff = by_name("mine")});
    co_await a.clock->pass(1s);
    CHECK(asked == lines{"1 boom std::runtime_error", "2 boom std::runtime_error"});  // after the last none is left
    CHECK(
        events.take() ==
        lines{
            "added a x",
            "waiting a",
            "active a",
            "retrying a after 100 made 1 boom",
            "drained",
            "waiting a from delayed",
            "active a",
            "retrying a after 200 made 2 boom",
            "drained",
            "waiting a from delayed",
            "active a",
            "failed a boom",
            "retries_exhausted a 3",
            "drained"
        }
    );
    co_await worker.finish();
}

QUEUE_CASE("a strategy may look at the job")
{
    lines asked;
    const auto strategy = [&](int made, const failure&, const job_record& job) -> std::optional<milliseconds> {
        asked.push_back(job.id.str() + " " + job.name + " " + job.data + " " + std::to_string(made));
        return job.options->tags.contains("hurry") ? 10ms : 1000ms;
    };
    shift worker{queue, boom, with(strategy)};
    recorder events{queue.events()};
    co_await queue.add("slow", 7, {.id = "a", .attempts = 2, .backoff = by_name("mine"), .tags = {{"hurry", "yes"}}});
    co_await settle();
    CHECK(asked == lines{"a slow 7 1"});
    CHECK(events.all().at(3) == "retrying a after 10 made 1 boom");
    co_await worker.finish();
}

TEST_CASE("a strategy is made of a function with or without the job, and of nothing it is empty")
{
    const std::function<std::optional<milliseconds>(int, const failure&)> none;
    CHECK_FALSE(backoff_strategy{});
    CHECK_FALSE(backoff_strategy{nullptr});
    CHECK_FALSE(backoff_strategy{none});
    const backoff_strategy plain = [](int made, const failure&) { return std::optional{made * 1ms}; };
    const backoff_strategy with_job = [](int, const failure&, const job_record& job) {
        return job.priority > 0 ? std::optional{5ms} : std::nullopt;
    };
    const auto copy = plain;
    CHECK(copy(3, {}, {}) == 3ms);
    CHECK(with_job(1, {}, {.priority = 1}) == 5ms);
    CHECK_FALSE(with_job(1, {}, {}));
}

QUEUE_CASE("a strategy that answers no wait lets the job wait at the tail")
{
    lines ran;
    const auto act = [&](int_job job) -> asio::awaitable<int> {
        ran.push_back(job.id().str());
        if (job.id() == "a" && job.attempts_made() == 0)
            throw std::runtime_error{"boom"};
        co_return 0;
    };
    const auto at_once = [](int, const failure&) { return std::optional{0ms}; };
    for (const auto* id : {"a", "b"})
        co_await queue.add("x", 1, {.id = id, .attempts = 2, .backoff = by_name("mine")});
    shift worker{queue, act, with(at_once)};
    co_await settle();
    CHECK(ran == lines{"a", "b", "a"});
    co_await worker.finish();
}

QUEUE_CASE("a strategy that gives up is the end of the job, attempts left or not")
{
    const auto give_up = [](int, const failure&) { return std::optional<milliseconds>{}; };
    shift worker{queue, boom, with(give_up)};
    co_await settle();
    recorder events{queue.events()};
    co_await queue.add("x", 1, {.id = "a", .attempts = 9, .backoff = by_name("mine")});
    co_await settle();
    CHECK(events.take() == lines{"added a x", "waiting a", "active a", "failed a boom", "drained"});
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.state == job_state::failed);
    CHECK(job.attempts_made == 1);
    co_await worker.finish();
}

TEST_CASE("a strategy that throws is reported by error, and the job's fixed delay is waited")
{
    const auto throws = [](int, const failure&) -> std::optional<milliseconds> { throw std::logic_error{"own fault"}; };
    check_fixed_instead(with(throws), "mine", "own fault");
}

TEST_CASE("so is one that answers less than nothing")
{
    const auto negative = [](int, const failure&) { return std::optional{-1ms}; };
    check_fixed_instead(with(negative), "mine", "backoff_strategies['mine'] returned less than 0");
}

TEST_CASE("so is one that this worker does not know")
{
    const auto unused = [](int, const failure&) { return std::optional{1h}; };
    check_fixed_instead(with(unused), "another", "backoff_strategies has none with the name 'another'");
}

QUEUE_CASE("a strategy is not asked for a failure that is the end anyway")
{
    int asked = 0;
    const auto strategy = [&](int, const failure&) {
        ++asked;
        return std::optional{1h};
    };
    const auto act = [](int_job job) -> asio::awaitable<int> {
        if (job.id() == "unrecoverable")
            throw unrecoverable_error{"no use"};
        throw std::runtime_error{"boom"};
        co_return 0;
    };
    shift worker{queue, act, with(strategy)};
    co_await queue.add("x", 1, {.id = "unrecoverable", .attempts = 9, .backoff = by_name("mine")});
    co_await queue.add("x", 1, {.id = "the last", .backoff = by_name("mine")});
    co_await settle();
    CHECK(asked == 0);
    const auto counts = co_await queue.get_job_counts();
    CHECK(counts == job_counts{.failed = 2});
    co_await worker.finish();
}

QUEUE_CASE("a strategy decides about time-outs too")
{
    std::string type;
    const auto strategy = [&](int, const failure& why) {
        type = why.type;
        return std::optional{7s};
    };
    patient here{a};
    shift worker{queue, here.processor_of(), with(strategy)};
    co_await queue.add("x", 1, {.id = "a", .attempts = 2, .backoff = by_name("mine"), .timeout = 5s});
    co_await a.clock->pass(5s);
    CHECK(type == "cofila::timed_out");
    const auto job = co_await stored(a, "q", "a");
    CHECK(job.run_at == a.at(12s));
    co_await worker.finish();
}

QUEUE_CASE("where no worker is asked, as after a rescue or by hand, the fixed delay of the backoff is waited")
{
    for (const auto* id : {"rescued", "failed"}) {
        co_await queue.add("x", 1, {.id = id, .attempts = 2, .backoff = by_name("mine")});
        const auto taken = co_await queue.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        if (taken[0].job.id() == "rescued")
            co_await rescue(a, "q", "rescued");
        else
            co_await queue.fail(taken[0].claim, failure{.message = "boom"});
        const auto job = co_await stored(a, "q", id);
        CHECK(job.run_at == a.at(250ms));
    }
}

QUEUE_CASE("a strategy must be a function")
{
    const auto e = error_of([&] { worker<int, int> worker{queue, boom, with(nullptr)}; });
    CHECK(e.code == errc::invalid_argument);
    CHECK(e.field == "backoff_strategies['mine']");
    const auto stuck = error_of([&] { worker<int, int> worker{queue, boom, {.stuck_after = 0ms}}; });
    CHECK(stuck.code == errc::invalid_argument);
    CHECK(stuck.field == "stuck_after");
    co_return;
}

TEST_SUITE_END();
