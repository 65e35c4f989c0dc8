// Durations and counts at the ends of their types, where they are accepted: nothing overflows (UBSan runs these too).
#include <cofila/events.hpp>

#include <limits>
#include <string>

#include "async/wait_until.hpp"
#include "domain/backoff.hpp"
#include "domain/stall_watch.hpp"
#include "input/on_file.hpp"
#include "support/extremes.hpp"
#include "support/print.hpp"
#include "unit/application/app.hpp"

using namespace cofila;
using namespace cofila::test;

TEST_SUITE_BEGIN("bad input: numbers");

namespace {

/// The longest of everything that has no limit of its own.
job_options extreme()
{
    return {
        .priority = 2'097'151,
        .attempts = many,
        .backoff = backoff{.type = backoff::kind::exponential, .delay = longest, .max = longest, .jitter = 0},
        .timeout = longest,
        .on_completed =
            retention{.age = seconds{10'000LL * 366 * 24 * 3600}, .count = std::numeric_limits<std::int64_t>::max()},
        .on_failed = retention::keep_last(0),
        .dedup = deduplication{.id = "d", .how = deduplication::mode::throttle, .ttl = longest},
        .max_stalled_count = many - 1,
        .max_deferrals = many - 1,
        .keep_logs = many,
        .keep_attempts = many
    };
}

asio::awaitable<int> seven(job<boost::json::value, int>) { co_return 7; }

}  // namespace

TEST_CASE("F65, F72: the greatest of every option is stored in a file and read back")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        const auto q = on.queue("q");
        const auto job = co_await q.add("x", 1, extreme());
        auto expected = extreme();
        expected.lifo = false;
        expected.delay = 0ms;
        CHECK(job.options() == expected);
        const auto found = co_await q.get_job(job.id());
        REQUIRE(found);
        CHECK(found->options().backoff == expected.backoff);
        CHECK(found->options().attempts == many);
        CHECK(found->options().on_completed == expected.on_completed);
        CHECK(found->options().keep_logs == many);
        CHECK(found->options().timeout == longest);
        CHECK(found->options().max_deferrals == many - 1);
        CHECK(found->options().dedup->ttl == longest);
    });
}

TEST_CASE("F65: the greatest of every limit is stored in a file, read back and held to")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        const auto q = on.queue("q");
        const rate_limit rate{.max = many, .duration = 366 * 24h};
        co_await q.set_global_concurrency(many);
        co_await q.set_rate_limit(rate);
        co_await q.set_group({.concurrency = many, .rate = rate});
        const auto settings = co_await q.get_settings();
        const group_options group{.concurrency = many, .rate = rate};
        CHECK(settings == queue_settings{.concurrency = many, .rate = rate, .group = group});
        (void)co_await q.add("x", 1, {.group = "g"});
        (void)co_await q.add("x", 1);
        const auto taken = co_await q.fetch_next_and_lock({.limit = 10'000});
        CHECK(taken.size() == 2);
    });
}

TEST_CASE("F65: the longest delay that is a date is a job that never comes; a millisecond more is refused")
{
    run_app([](app& a) -> asio::awaitable<void> {
        const auto q = a.engine.queue("q");
        const auto left = time_point::max() - a.clock->wall_now();
        const auto job = co_await q.add("x", 1, {.delay = left});
        CHECK(job.run_at() == time_point::max());
        const auto e = co_await error_of(q.add("x", 1, {.delay = left + 1ms}));
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "delay");

        worker<boost::json::value, int> w{a.engine.queue<boost::json::value, int>("q"), seven};
        running run{w};
        co_await a.clock->pass(24h);
        (void)co_await w.close();
        (void)co_await run.join();
        const auto counts = co_await q.get_job_counts();
        CHECK(counts.delayed == 1);
    });
}

TEST_CASE("F65: the longest deferral, delay, wait and grace are taken as they are")
{
    run_app([](app& a) -> asio::awaitable<void> {
        const auto q = a.engine.queue<boost::json::value, int>("q");
        const auto act = [](job<boost::json::value, int> job) -> asio::awaitable<outcome<int>> {
            if (job.id() == "for")
                co_return delay_for{.wait = longest};
            if (job.id() == "until")
                co_return delay_until{.at = time_point::max()};
            co_return delay_until{.at = time_point::min()};
        };
        for (const auto* id : {"for", "until", "before"})
            (void)co_await q.add("x", 1, {.id = id, .max_deferrals = 1});
        worker<boost::json::value, int> w{q, act};
        running run{w};
        co_await a.clock->pass(24h);
        for (const auto* id : {"for", "until"}) {
            const auto job = co_await q.get_job(id);
            REQUIRE(job);
            CHECK(job->run_at() == time_point::max());
            co_await job->change_delay(longest);
            CHECK(job->run_at() == time_point::max());
        }
        const auto failed = co_await q.get_job("before");
        REQUIRE(failed);
        CHECK(failed->state() == job_state::failed);
        const auto removed = co_await q.clean({.state = job_state::failed, .grace = longest});
        CHECK(removed == 0);
        (void)co_await w.close();
        (void)co_await run.join();
    });
}

TEST_CASE("F65: as long as it takes, and less than no time, are waits like others")
{
    constexpr steady_time now{std::chrono::hours{1}};
    CHECK(later(now, longest) == steady_time::max());
    CHECK(later(steady_time::max(), 1ms) == steady_time::max());
    CHECK(later(now, milliseconds::min()) == now);
    CHECK(later(now, -1ms) == now);
    CHECK(later(now, 1ms) == now + 1ms);
}

TEST_CASE("F65: an engine and a worker run with the longest of every time they take")
{
    run_on_file([](engine& on) -> asio::awaitable<void> {
        const auto q = on.queue<boost::json::value, int>("q");
        worker<boost::json::value, int> w{
            q, seven, {.poll_interval = longest, .grace = longest, .stuck_after = longest}
        };
        bool stopping = false;
        w.events().job_processed.connect([&](const auto&) {
            stopping = true;
            w.stop();
        });
        (void)co_await q.add("x", 1, {.id = "a", .timeout = longest});
        (void)co_await w.run();
        CHECK(stopping);
        const auto job = co_await q.get_job("a");
        REQUIRE(job);
        CHECK(job->result() == 7);
    });
    const temp_folder folder;
    run_coro([&]() -> asio::awaitable<void> {
        auto options = on_file(folder.file("jobs.db"));
        options.operation_deadline = longest;
        options.maintenance = maintenance_options{.interval = longest};
        co_await use_file(std::move(options), [](engine& on) -> asio::awaitable<void> {
            const auto q = on.queue("q");
            (void)co_await q.add("x", 1);
        });
    });
}

TEST_CASE("F65: a grace of less than nothing is none")
{
    run_app([](app& a) -> asio::awaitable<void> {
        worker<boost::json::value, int> w{a.engine.queue<boost::json::value, int>("q"), seven};
        running run{w};
        co_await settle();
        (void)co_await w.close(milliseconds::min());
        const auto report = co_await run.join();
        CHECK(report.finished.empty());
    });
}

TEST_CASE("F66: a failed attempt waits the longest backoff and is neither lost nor early")
{
    run_app([](app& a) -> asio::awaitable<void> {
        const auto q = a.engine.queue("q");
        (void)co_await q.add("x", 1, extreme());
        auto taken = co_await q.fetch_next_and_lock({});
        REQUIRE(taken.size() == 1);
        co_await q.fail(taken.front().claim, {.message = "boom"});
        const auto job = co_await q.get_job(taken.front().job.id());
        REQUIRE(job);
        CHECK(job->state() == job_state::delayed);
        CHECK(job->run_at() == time_point::max());
    });
}

TEST_CASE("F66: a backoff of anything is a wait between none and its greatest")
{
    const milliseconds delays[] = {0ms, 1ms, milliseconds{1} * (1LL << 62), longest};
    const double parts[] = {0, 0.5, 1, -1, 2, std::numeric_limits<double>::quiet_NaN()};
    for (const auto type :
         {backoff::kind::none, backoff::kind::fixed, backoff::kind::exponential, backoff::kind::custom})
        for (const auto delay : delays)
            for (const auto max : delays)
                for (const auto jitter : parts)
                    for (const auto draw : parts)
                        for (const int n : {std::numeric_limits<int>::min() + 1, -1, 0, 1, 64, 310, many}) {
                            const backoff policy{.type = type, .delay = delay, .max = max, .jitter = jitter};
                            const auto wait = domain::next_delay(policy, n, draw);
                            CHECK(wait >= 0ms);
                            CHECK(wait <= max);
                        }
}

TEST_CASE("F45: a lock with any end and any duration is watched without overflow")
{
    constexpr time_point wall = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};
    domain::stall_watch watch;
    const steady_time steady{std::chrono::hours{1}};
    std::vector<domain::stall_watch::view> locks;
    for (const auto end : {time_point::min(), time_point{}, wall, time_point::max()})
        locks.push_back(
            {.lock = {.key = static_cast<std::int64_t>(locks.size()), .locked_until = end, .lock_duration = 30s}}
        );
    CHECK(watch.stalled(locks, wall, steady).empty());
    REQUIRE(watch.next_check());
    CHECK(*watch.next_check() == steady + 30s);
    CHECK(watch.stalled(locks, wall, steady + 30s).size() == 3);
    CHECK(*watch.next_check() > steady + 30s);
}

TEST_SUITE_END();
