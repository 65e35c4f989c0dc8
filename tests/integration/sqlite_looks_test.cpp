// A claim that finds no work takes no lock; a limit in time goes by the time of the transaction.
#include <cofila/limits.hpp>

#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

settle_and_claim_request claim_of(int jobs)
{
    settle_and_claim_request out{.now = manual_clock::start};
    out.claim = claim_order{.queue = "q", .worker = "w", .lock_duration = 30s};
    static std::uint64_t tokens = 0;
    for (int i = 0; i < jobs; ++i)
        out.claim->tokens.push_back({.high = 7, .low = ++tokens});
    return out;
}

sqlite::options waiting_shortly(std::string path) { return {.path = std::move(path), .operation_deadline = 20ms}; }

}  // namespace

TEST_SUITE_BEGIN("sqlite looks");

TEST_CASE("a claim that finds nothing and a sweep with nothing due do not wait for the holder of the file")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open(waiting_shortly(path));
        std::vector<job_draft> jobs{some_job("later", "{}", {.delay = 1h}), some_job("grouped", "{}", {.group = "g"})};
        co_await store->add(jobs);
        co_await store->set("q", group_options{.concurrency = 1});
        const auto first = co_await store->settle_and_claim(claim_of(1));
        CHECK(first.claimed.size() == 1);
        co_await store->add({some_job("behind", "{}", {.group = "g"})});
        {
            const file_holder holder{path};
            const auto none = co_await store->settle_and_claim(claim_of(2));
            CHECK(none.claimed.empty());
            CHECK(none.limited);
            CHECK(none.next_due == manual_clock::start + 1h);
            auto elsewhere = claim_of(1);
            elsewhere.claim->queue = "unknown";
            const auto unknown = co_await store->settle_and_claim(elsewhere);
            CHECK(unknown.claimed.empty());
            const auto swept = co_await store->sweep({.now = manual_clock::start});
            CHECK(swept.news.empty());
            const auto due = co_await error_of(store->sweep({.now = manual_clock::start + 1h}));
            CHECK(due.code == errc::storage_busy);
        }
        co_await store->close();
    });
}

TEST_CASE("claims that waited for the file count for the time at which they got it, and exceed no rate")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const auto clock = std::make_shared<manual_clock>();
    auto connecting_to = connecting(path);
    connecting_to.clock = clock;
    writing_runner runner{connecting_to, false};
    run_one(runner, [](sqlite::session& tx) {
        store::set(tx, "q", global_rate{.rate = rate_limit{.max = 2, .duration = 1s}});
        for (int i = 0; i < 9; ++i)
            store::add(tx, one_job(std::to_string(i)));
    });
    const auto asked_at_first = clock->steady_now();
    clock->advance(1'200ms);
    std::vector<settle_and_claim_answer> answers;
    const auto claim = [&](steady_time asked, time_point now) {
        auto request = claim_of(2);
        request.now = now;
        test_batch batch;
        auto& made =
            batch.add([&, request](sqlite::session& tx) { answers.push_back(store::settle_and_claim(tx, request)); });
        made.note_submitted(asked);
        batch.run(runner);
    };
    claim(clock->steady_now(), clock->wall_now());
    claim(asked_at_first, manual_clock::start);
    claim(clock->steady_now(), clock->wall_now());
    CHECK(answers[0].claimed.size() == 2);
    CHECK(answers[1].claimed.empty());
    CHECK(answers[1].next_due == manual_clock::start + 2'200ms);
    CHECK(answers[2].claimed.empty());
    clock->advance(1s);
    claim(asked_at_first, manual_clock::start);
    REQUIRE(answers[3].claimed.size() == 2);
    CHECK(answers[3].claimed[0]->processed_at == manual_clock::start + 2'200ms);
    CHECK(answers[3].claimed[0]->locked_until == manual_clock::start + 32'200ms);
}

TEST_CASE("the log of claims holds those of one window, however long a queue has a rate")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};
    run_one(runner, [](sqlite::session& tx) {
        store::set(tx, "q", global_rate{.rate = rate_limit{.max = 2, .duration = 1s}});
        store::set(tx, "q", group_options{.rate = rate_limit{.max = 2, .duration = 3s}});
        for (int i = 0; i < 100; ++i)
            store::add(tx, {some_job(std::to_string(i), "{}", {.group = std::to_string(i % 7)})});
    });
    std::size_t claimed = 0;
    for (auto now = manual_clock::start; now < manual_clock::start + 40s; now += 500ms)
        run_one(runner, [&](sqlite::session& tx) {
            auto request = claim_of(1);
            request.now = now;
            claimed += store::settle_and_claim(tx, request).claimed.size();
        });
    CHECK(claimed > 70);
    CHECK(ask(path, "SELECT count(*) FROM cofila_claim_log") == 6);
}

TEST_CASE("a queue without jobs and settings is forgotten by sweeps, a few queues at a time")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};
    const auto queues = [&] { return ask(path, "SELECT count(*) FROM cofila_queues WHERE number > 0"); };
    const auto sweep_at = [&](time_point now) {
        run_one(runner, [&](sqlite::session& tx) { store::sweep(tx, {.now = now}); });
    };
    run_one(runner, [](sqlite::session& tx) {
        for (int i = 0; i < 250; ++i) {
            const auto name = "q" + std::to_string(i);
            store::add(tx, {in_queue(name, some_job(name))});
            if (i < 249)
                store::change(tx, name, job_id{name}, removal{}, manual_clock::start);
        }
        store::set_paused(tx, "paused", true);
        store::set(tx, "limited", global_concurrency{.jobs = 1});
        store::set(tx, "logged", event_log{.events = 5});
    });
    CHECK(queues() == 253);
    sweep_at(manual_clock::start);
    CHECK(queues() == 153);
    sweep_at(manual_clock::start);
    sweep_at(manual_clock::start);
    CHECK(queues() == 4);
    run_one(runner, [](sqlite::session& tx) {
        store::set_paused(tx, "paused", false);
        store::add(tx, {in_queue("q0", some_job("again"))});
    });
    sweep_at(manual_clock::start + 59s);
    CHECK(queues() == 5);
    sweep_at(manual_clock::start + 60s);
    CHECK(queues() == 4);
    CHECK(
        ask(path,
            "SELECT count(*) FROM cofila_jobs WHERE queue = (SELECT number FROM cofila_queues WHERE name = 'q0')") == 1
    );
}

TEST_CASE("another process that knew a forgotten queue by its number adds to the right one")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    run_coro([&]() -> asio::awaitable<void> {
        const auto one = co_await open({.path = path});
        const auto other = co_await open({.path = path});
        co_await one->add({in_queue("a", some_job("of a"))});
        co_await other->change("a", "of a", removal{}, manual_clock::start);
        co_await other->reset_queue("a");
        co_await other->add({in_queue("b", some_job("of b"))});
        co_await one->add({in_queue("a", some_job("of a again"))});
        const auto in_a = co_await other->counts("a");
        const auto in_b = co_await one->counts("b");
        CHECK(in_a.waiting == 1);
        CHECK(in_b.waiting == 1);
        co_await one->close();
        co_await other->close();
    });
}

TEST_CASE("a queue that is reset after the removal of its jobs leaves nothing in any table")
{
    const auto now = manual_clock::start;
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    const auto rows = [&](const std::string& table) { return ask(path, "SELECT count(*) FROM cofila_" + table); };
    const auto tables = {
        "jobs",
        "rare",
        "waiting_grouped",
        "active",
        "finished",
        "bodies",
        "attempts",
        "logs",
        "claim_log",
        "groups",
        "watched",
        "events",
        "cursors",
        "metrics"
    };
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        co_await store->set("q", event_log{.events = 50});
        co_await store->set("q", metrics_log{.minutes = 50});
        co_await store->set("q", global_rate{.rate = rate_limit{.max = 9, .duration = 1h}});
        co_await store->set("q", group_options{.concurrency = 3, .rate = rate_limit{.max = 9, .duration = 1h}});
        std::vector<job_draft> jobs{
            some_job("fails", '"' + std::string(600, 'x') + '"', {.attempts = 2, .group = "g"}),
            some_job("completes"),
            some_job("runs")
        };
        co_await store->add(jobs);
        co_await store->set_event_cursor("q", "reader", 1);
        const auto taken = co_await store->settle_and_claim(claim_of(3));
        CHECK(taken.claimed.size() == 3);
        settle_and_claim_request ends{.now = now};
        for (const auto& job : taken.claimed) {
            const auto held = job_ref::of(*job);
            if (job->id == "runs")
                co_await store->add_log(held, {.at = now, .text = "line"}, 9);
            else if (job->id == "fails")
                ends.settlements.push_back(
                    {.job = held, .change = domain::after_failure(*job, {.message = "boom"}, now, 0)}
                );
            else
                ends.settlements.push_back({.job = held, .change = domain::after_success(*job, "1", now)});
        }
        co_await store->settle_and_claim(ends);
        for (const auto* table : tables) {
            INFO(table);
            CHECK(rows(table) > 0);
        }
        for (const auto* id : {"fails", "completes", "runs"})
            co_await store->change("q", job_id{id}, forced_removal{}, now);
        co_await store->reset_queue("q");
        for (const auto* table : tables) {
            INFO(table);
            CHECK(rows(table) == 0);
        }
        CHECK(rows("queues WHERE number > 0") == 0);
        co_await store->close();
    });
}

TEST_SUITE_END();
