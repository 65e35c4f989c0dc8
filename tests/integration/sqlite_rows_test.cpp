// What is in the tables, beside what the contract shows.
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/changing.hpp"
#include "store/reading.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"
#include "store/writing.hpp"
#include "support/print.hpp"

using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

struct rows_fixture {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");
    writing_runner runner{connecting(path), false};
    std::uint64_t tokens = 0;

    std::int64_t count(const std::string& from) { return ask(path, "SELECT count(*) FROM " + from); }

    job_snapshot add(std::string id, std::string data = "{}", job_options options = {})
    {
        job_snapshot out;
        const std::vector<job_draft> jobs{some_job(std::move(id), std::move(data), options)};
        run_one(runner, [&](sqlite::session& tx) { out = store::add(tx, jobs).rows.front().job; });
        return out;
    }
    job_snapshot claim()
    {
        settle_and_claim_answer answer;
        settle_and_claim_request request{.now = manual_clock::start};
        request.claim = {.queue = "q", .tokens = {{.high = 1, .low = ++tokens}}, .worker = "w", .lock_duration = 30s};
        run_one(runner, [&](sqlite::session& tx) { answer = store::settle_and_claim(tx, request); });
        REQUIRE(answer.claimed.size() == 1);
        return answer.claimed.front();
    }
    settled settle(const job_snapshot& job, transition change)
    {
        settle_and_claim_answer answer;
        settle_and_claim_request request{.now = manual_clock::start};
        request.settlements.push_back({.job = job_ref::of(*job), .change = std::move(change)});
        run_one(runner, [&](sqlite::session& tx) { answer = store::settle_and_claim(tx, request); });
        return answer.settlements.front();
    }
    void remove(const job_id& id)
    {
        run_one(runner, [&](sqlite::session& tx) { store::change(tx, "q", id, removal{}, manual_clock::start); });
    }
};

}  // namespace

TEST_SUITE_BEGIN("sqlite rows");

TEST_CASE_FIXTURE(rows_fixture, "long bodies have a table of their own, short ones have not")
{
    add("short", '"' + std::string(498, 's') + '"');
    CHECK(count("cofila_bodies") == 0);
    add("long", '"' + std::string(499, 'l') + '"');
    CHECK(count("cofila_bodies WHERE length(data) = 501") == 1);
    CHECK(count("cofila_jobs WHERE data IS NULL") == 1);
    const auto first = claim();
    settle(first, domain::after_success(*first, '"' + std::string(600, 'r') + '"', manual_clock::start));
    CHECK(count("cofila_bodies WHERE data IS NULL AND length(result) = 602") == 1);
}

TEST_CASE_FIXTURE(rows_fixture, "new data moves to where its length belongs, and nothing of the old is kept")
{
    const auto update = [&](std::size_t bytes) {
        run_one(runner, [&](sqlite::session& tx) {
            store::update_data(tx, {.queue = "q", .id = "a"}, '"' + std::string(bytes - 2, 'n') + '"');
        });
    };
    add("a");
    update(500);
    CHECK(count("cofila_bodies") == 0);
    CHECK(count("cofila_jobs WHERE length(data) = 500") == 1);
    update(501);
    CHECK(count("cofila_bodies WHERE length(data) = 501") == 1);
    CHECK(count("cofila_jobs WHERE data IS NULL") == 1);
    update(600);
    CHECK(count("cofila_bodies WHERE length(data) = 600") == 1);
    update(10);
    CHECK(count("cofila_bodies WHERE data IS NOT NULL") == 0);
    CHECK(count("cofila_jobs WHERE length(data) = 10") == 1);
}

TEST_CASE_FIXTURE(rows_fixture, "a cancellation is not kept with a job that has ended or runs again")
{
    add("a", "{}", {.ttl = 1h});
    auto job = claim();
    const auto cancel = [](sqlite::session& tx) {
        store::change(tx, "q", "a", cancellation{.why = "why"}, manual_clock::start);
    };
    run_one(runner, cancel);
    CHECK(count("cofila_active WHERE cancelled = 'why'") == 1);
    CHECK(settle(job, domain::after_release(*job)) == settled::cancelled);
    CHECK(count("cofila_active") == 0);
    CHECK(count("cofila_rare WHERE expires_at IS NOT NULL") == 1);
    run_one(runner, [](sqlite::session& tx) { store::change(tx, "q", "a", retrial{}, manual_clock::start); });
    CHECK(count("cofila_rare WHERE expires_at IS NOT NULL") == 0);
}

TEST_CASE_FIXTURE(rows_fixture, "whatever removes a job takes all of it along")
{
    const std::string long_data = '"' + std::string(1000, 'd') + '"';
    enum class way { by_hand, at_once, by_age, all_of_them };
    for (const auto how : {way::by_hand, way::at_once, way::by_age, way::all_of_them}) {
        const auto keep = how == way::at_once  ? retention::remove_at_once()
                          : how == way::by_age ? retention::keep_for(0s)
                                               : retention::keep_all();
        add("a", long_data, {.attempts = 2, .ttl = 1h, .on_completed = keep, .group = "g"});
        auto job = claim();
        settle(job, domain::after_failure(*job, {.message = "boom"}, manual_clock::start, 0));
        job = claim();
        run_one(runner, [&](sqlite::session& tx) {
            store::add_log(tx, {.queue = "q", .id = "a", .token = job->token}, {.text = "line"}, 10);
        });
        CHECK(count("cofila_bodies, cofila_attempts, cofila_logs, cofila_jobs, cofila_rare, cofila_active") == 1);
        settle(job, domain::after_success(*job, "1", manual_clock::start));
        if (how == way::by_hand)
            remove("a");
        if (how == way::all_of_them)
            run_one(runner, [](sqlite::session& tx) {
                store::change_all(tx, "q", {.state = job_state::completed}, {}, removal{}, manual_clock::start);
            });
        if (how == way::by_age)
            run_one(runner, [](sqlite::session& tx) { store::sweep(tx, {.now = manual_clock::start}); });
        for (const auto* table :
             {"cofila_bodies",
              "cofila_attempts",
              "cofila_logs",
              "cofila_jobs",
              "cofila_rare",
              "cofila_waiting",
              "cofila_waiting_grouped",
              "cofila_delayed",
              "cofila_active",
              "cofila_finished"}) {
            INFO(table);
            CHECK(count(table) == 0);
        }
    }
}

TEST_CASE_FIXTURE(
    rows_fixture, "a key is never given twice, also when the last job is removed and the file opened again"
)
{
    const auto first = add("a");
    remove("a");
    const auto second = add("a");
    CHECK(second->key > first->key);
    remove("a");
    writing_runner other{connecting(path), false};
    job_snapshot third;
    run_one(other, [&](sqlite::session& tx) {
        third = store::add(tx, {in_queue("another", some_job("a"))}).rows.front().job;
    });
    CHECK(third->key > second->key);
}

TEST_CASE_FIXTURE(rows_fixture, "two connections that add by turns share one order")
{
    writing_runner other{connecting(path), false};
    for (int i = 0; i < 10; ++i)
        run_one(i % 2 == 0 ? runner : other, [&](sqlite::session& tx) { store::add(tx, one_job(std::to_string(i))); });
    CHECK(count("(SELECT DISTINCT position FROM cofila_jobs)") == 10);
    for (int i = 0; i < 10; ++i)
        CHECK(claim()->id == job_id{std::to_string(i)});
}

TEST_CASE_FIXTURE(rows_fixture, "neither a look at an unknown queue nor a claim from it makes it")
{
    run_one(runner, [](sqlite::session& tx) {
        settle_and_claim_request request{.now = manual_clock::start};
        request.claim = {.queue = "unknown", .tokens = {{}}, .worker = "w", .lock_duration = 30s};
        store::settle_and_claim(tx, request);
        store::counts(tx, "unknown");
        store::list(tx, "unknown", {}, {});
        store::change(tx, "unknown", "a", removal{}, manual_clock::start);
        store::change_all(tx, "unknown", {.state = job_state::waiting}, {}, removal{}, manual_clock::start);
        store::position(tx, "unknown", "a");
        store::counts_by_priority(tx, "unknown", {0});
        store::update_data(tx, {.queue = "unknown", .id = "a"}, std::string(1000, 'x'));
        store::reset_queue(tx, "unknown");
        store::update_progress(tx, {.queue = "unknown", .id = "a"}, "1");
    });
    CHECK(count("cofila_queues WHERE number > 0") == 0);
}

TEST_CASE_FIXTURE(rows_fixture, "claims are noted where a rate will ask for them, and nowhere else")
{
    const auto set = [&](const queue_setting& setting) {
        run_one(runner, [&](sqlite::session& tx) { store::set(tx, "q", setting); });
    };
    const auto claim_both = [&] {
        for (const auto* id : {"in", "out"}) {
            add(id, "{}", {.group = *id == 'i' ? std::optional{"g"} : std::nullopt});
            claim();
        }
        for (const auto* id : {"in", "out"})
            run_one(runner, [&](sqlite::session& tx) {
                store::change(tx, "q", job_id{id}, forced_removal{}, manual_clock::start);
            });
    };
    claim_both();
    CHECK(count("cofila_claim_log") == 0);
    set(group_options{.rate = rate_limit{.max = 5, .duration = 1h}});
    claim_both();
    CHECK(count("cofila_claim_log") == 1);
    CHECK(count("cofila_claim_log WHERE group_key = 'g'") == 1);
    set(global_rate{.rate = rate_limit{.max = 5, .duration = 1h}});
    claim_both();
    CHECK(count("cofila_claim_log") == 2);
}

TEST_SUITE_END();
