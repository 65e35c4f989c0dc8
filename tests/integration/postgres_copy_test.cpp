// Jobs that apps/copy takes from one store to another.
#include <cofila/cofila.hpp>

#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "integration/shared_database.hpp"
#include "support/all_states.hpp"
#include "support/child_process.hpp"
#include "support/manual_clock.hpp"
#include "support/print.hpp"
#include "support/temp_folder.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

namespace {

using lines = std::vector<std::string>;

/// All that a store says of its jobs, in the order of its listings, and of its queues.
using store_content = std::map<std::string, lines>;

engine_options stopped_engine(const std::string& database, const std::string& schema)
{
    // Locks have ended long ago by the machine's clock.
    return {
        .database = database,
        .maintenance = std::nullopt,
        .schema = schema,
        .clock = std::make_shared<manual_clock>(time_point{milliseconds{1'500'000'000'000}})
    };
}

std::string line_of(const std::optional<time_point>& at)
{
    return at ? std::to_string(at->time_since_epoch().count()) : "-";
}

std::string line_of(const job_record& job)
{
    auto out = job.id.str() + ' ' + job.name + ' ' + job.data + " priority " + std::to_string(job.priority) + ' ' +
               line_of(job.timestamp) + ' ' + line_of(job.run_at) + ' ' + line_of(job.due_at) + ' ' +
               line_of(job.expires_at) + ' ' + line_of(job.processed_at) + ' ' + line_of(job.finished_at) + ' ' +
               line_of(job.locked_until) + ' ' + line_of(job.dedup_until) + " attempts " +
               std::to_string(job.attempts_started) + ' ' + std::to_string(job.attempts_made) + ' ' +
               std::to_string(job.stalled_count) + ' ' + std::to_string(job.deferrals) + " worker " + job.worker + ' ' +
               job.token + (job.holds_dedup ? " holds" : "") + (job.kept_for != 0 ? " kept " : " ") +
               job.cancelled.value_or("-") + " progress " + job.progress + ' ' + job.result + ' ' + job.failed_reason +
               job.damage;
    for (const auto& one : job.attempts)
        out += "; " + std::to_string(one.number) + ' ' + one.error.message + ' ' + line_of(one.at) + ' ' + one.worker;
    return out;
}

asio::awaitable<store_content> read_store(std::string database, std::string schema)
{
    store_content out;
    auto made = co_await engine::open(stopped_engine(database, schema));
    const auto queues = co_await made.queues();
    for (const auto& one : queues.items) {
        out["queues"].push_back(one.name);
        auto queue = made.queue<std::string, std::string>(one.name);
        for (const auto state : all_states) {
            const auto page = co_await queue.get_jobs({.state = state});
            for (const auto& listed : page.items) {
                const auto job = co_await queue.get_job(listed.id());
                auto& text =
                    out[one.name + std::to_string(static_cast<int>(state))].emplace_back(line_of(*job->handle()->job));
                const auto log = co_await queue.get_job_logs(listed.id());
                for (const auto& line : log.items)
                    text += "; " + line_of(line.at) + ' ' + line.text;
            }
        }
        const auto settings = co_await queue.get_settings();
        out["settings"].push_back(
            std::to_string(settings.concurrency.value_or(0)) + (settings.paused ? "paused" : "") +
            std::to_string(settings.keep_events.value_or(0)) + line_of(settings.rests_until)
        );
    }
    co_await made.close();
    co_return out;
}

/// Jobs in all states, by all ways that lead there.
asio::awaitable<void> fill_store(std::string database)
{
    auto made = co_await engine::open(stopped_engine(database, ""));
    auto queue = made.queue<std::string, std::string>("texts");
    for (const auto* id : {"ends", "removed later", "fails", "again", "gives up", "runs", "cancelled"})
        co_await queue.add(
            "work",
            std::string(600, 'x'),
            {.id = id,
             .priority = 1,
             .attempts = 2,
             .backoff = backoff::fixed(1h),
             .ttl = 1000h,
             .on_completed = retention::keep_for(24h),
             .group = "g"}
        );
    for (int i = 0; i < 7; ++i) {
        const auto got = co_await queue.fetch_next_and_lock({.lock_duration = 1s});
        const auto& [claim, taken] = got.at(0);
        auto job = taken;
        const auto id = job.id().str();
        if (id == "ends" || id == "removed later") {
            co_await job.update_progress(7);
            co_await job.log("a line");
            co_await queue.complete(claim, "result of " + id);
        } else if (id == "fails" || id == "again") {
            co_await queue.fail(claim, {.message = "boom"});
        } else if (id == "gives up") {
            co_await queue.fail(claim, {.message = "no", .unrecoverable = true});
        } else if (id == "cancelled") {
            co_await queue.cancel(id, "enough");
        }
    }
    co_await queue.add("x", "generated");
    co_await queue.add("x", "late", {.id = "late", .priority = 2});
    co_await queue.add("x", "head 1", {.id = "head 1", .lifo = true});
    co_await queue.add("x", "head 2", {.id = "head 2", .lifo = true});
    auto again = co_await queue.get_job("again");
    co_await again->promote();
    const deduplication owner{.id = "d", .how = deduplication::mode::keep_last};
    co_await queue.add("x", "owner", {.id = "owner", .delay = 1h, .dedup = owner});
    co_await queue.add("x", "head 3", {.id = "head 3", .lifo = true, .delay = 2h});
    co_await queue.add("x", "head 4", {.id = "head 4", .lifo = true, .delay = 3h});
    auto other = made.queue<std::string, std::string>("other");
    co_await other.set_global_concurrency(3);
    co_await other.set_event_log(9);
    co_await other.pause();
    co_await other.add("x", "paused");
    co_await made.close();
}

void run_copy(const lines& arguments, int expected, const std::string& said)
{
    lines command{program("COFILA_COPY")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    child_process copying{command};
    CHECK(copying.read_rest() == said);
    CHECK(copying.wait() == expected);
}

}  // namespace

TEST_SUITE_BEGIN("postgres copy");

TEST_CASE("PostgreSQL: jobs are copied with ids, states, attempts and logs, from SQLite and back")
{
    const temp_folder folder;
    const auto file = folder.file("jobs.db");
    const auto back = folder.file("back.db");
    const postgres_schema schema;
    store_content before;
    run_coro([&]() -> asio::awaitable<void> {
        co_await fill_store(file);
        before = co_await read_store(file, "");
    });
    CHECK(before.at("texts0").size() == 5);
    run_copy({file, postgres_target(), schema.name()}, 0, "other: 1 of 1 jobs copied\ntexts: 14 of 14 jobs copied\n");
    run_copy({file, postgres_target(), schema.name()}, 0, "other: 0 of 1 jobs copied\ntexts: 0 of 14 jobs copied\n");
    run_copy({postgres_target(), back, schema.name()}, 0, "other: 1 of 1 jobs copied\ntexts: 14 of 14 jobs copied\n");
    run_coro([&]() -> asio::awaitable<void> {
        const auto there = co_await read_store(postgres_target(), schema.name());
        const auto again = co_await read_store(back, "");
        for (const auto& [what, all] : before) {
            INFO(what);
            REQUIRE(there.contains(what));
            CHECK(there.at(what) == all);
            CHECK(again.at(what) == all);
        }
        CHECK(there.size() == before.size());
    });
}

TEST_CASE("PostgreSQL: while a job runs nothing is copied, and a store that cannot be opened is named")
{
    const temp_folder folder;
    const auto file = folder.file("jobs.db");
    const postgres_schema schema;
    run_coro([&]() -> asio::awaitable<void> {
        auto made = co_await engine::open({.database = file, .maintenance = std::nullopt});
        auto queue = made.queue<std::string, std::string>("texts");
        co_await queue.add("x", "runs");
        co_await queue.fetch_next_and_lock({.lock_duration = 1h});
        co_await made.close();
    });
    run_copy({file, postgres_target(), schema.name()}, 1, "");
    run_copy({folder.file("absent/jobs.db"), postgres_target(), schema.name()}, 1, "");
    run_copy({file}, 2, "");
}

TEST_SUITE_END();
