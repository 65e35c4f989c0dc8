// Files of other schema versions.
#include "domain/options_json.hpp"
#include "integration/file_state.hpp"
#include "integration/sqlite_support.hpp"
#include "sqlite/migrations.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("sqlite schema");

namespace {

/// Makes a file of an older version with one job, "old", in the queue "q".
void make_old(const std::string& path, int version)
{
    SQLite::Database db{path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
    db.exec("PRAGMA journal_mode=WAL; PRAGMA application_id=1668245097");
    sqlite::make_tables(db, 0, version);
    db.exec("INSERT INTO cofila_meta VALUES ('schema_version', " + std::to_string(version) + ")");
    const auto options = domain::options_to_json(domain::resolve({}, {}));
    SQLite::Statement adding{
        db,
        "INSERT INTO cofila_jobs (key, queue, id, name, state, priority, position, created_at, options, data) "
        "VALUES (1, 1, 'old', 'task', 0, 0, 1, ?1, ?2, '{}')"
    };
    adding.bind(1, static_cast<std::int64_t>(manual_clock::start.time_since_epoch() / 1ms));
    adding.bind(2, options);
    db.exec("INSERT INTO cofila_queues (number, name, tail) VALUES (1, 'q', 1000);"
            "UPDATE cofila_queues SET tail = 1000 WHERE number = 0");
    adding.exec();
}

}  // namespace

TEST_CASE("a newer schema is refused untouched, and both versions are named")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    opening({.path = path});
    execute(path, "UPDATE cofila_meta SET value = 77 WHERE key = 'schema_version'");
    const auto before = state_of(path);
    const auto refused = opening({.path = path});
    CHECK(refused.code == errc::storage_newer);
    CHECK(refused.text.find("77") != std::string::npos);
    CHECK(refused.text.find("up to 6") != std::string::npos);
    CHECK((state_of(path) == before));
    CHECK(files_in(folder) == 1);
}

TEST_CASE("a file of version 3 is brought forward with its jobs, and has a log of events and metrics then")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old(path, 3);
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const auto log = co_await store->event_log_of("q", "");
        CHECK(log == event_log_state{});
        co_await store->set("q", event_log{.events = 5});
        co_await store->set("q", metrics_log{.minutes = 5});
        (void)co_await store->change("q", "old", removal{}, manual_clock::start);
        const auto events = co_await store->events_after("q", 0, 10);
        REQUIRE(events.size() == 1);
        CHECK(events[0].what == logged_event::kind::removed);
        co_await store->close();
    });
    CHECK(ask(path, "SELECT value FROM cofila_meta WHERE key = 'schema_version'") == sqlite::current_version);
}

TEST_CASE("a file of version 2 is brought forward with its jobs, and has limits, groups and deduplication then")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old(path, 2);
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const auto settings = co_await store->settings("q");
        CHECK(settings == queue_settings{});
        const auto old = co_await store->get("q", "old");
        REQUIRE(old);
        CHECK(old->damage.empty());
        CHECK_FALSE(old->holds_dedup);
        CHECK(old->kept_for == 0);
        co_await store->set("q", group_options{.concurrency = 1, .rate = rate_limit{}});
        const job_options unique{.dedup = deduplication{.id = "d"}, .group = "g"};
        co_await store->add({some_job("new", "{}", unique)});
        const auto rows = (co_await store->add({some_job("newer", "{}", unique)})).rows;
        CHECK(rows.at(0).deduplicated_by == job_id{"new"});
        settle_and_claim_request request{.now = manual_clock::start};
        request.claim =
            claim_order{.queue = "q", .tokens = {{.low = 1}, {.low = 2}}, .worker = "w", .lock_duration = 30s};
        const auto answer = co_await store->settle_and_claim(std::move(request));
        CHECK(answer.claimed.size() == 2);
        co_await store->close();
    });
    CHECK(ask(path, "SELECT value FROM cofila_meta WHERE key = 'schema_version'") == sqlite::current_version);
}

TEST_CASE("a file of version 1 is brought forward with its jobs, which are as they were")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    make_old(path, 1);
    execute(path, "UPDATE cofila_queues SET paused = 1 WHERE name = 'q'");
    run_coro([&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path});
        const bool paused = co_await store->is_paused("q");
        CHECK(paused);
        const auto old = co_await store->get("q", "old");
        REQUIRE(old);
        CHECK(old->damage.empty());
        CHECK(old->state == job_state::waiting);
        CHECK(old->deferrals == 0);
        CHECK_FALSE(old->expires_at);
        CHECK_FALSE(old->cancelled);
        CHECK(old->options->max_deferrals == 1000);
        const auto cancelled = co_await store->change("q", "old", cancellation{.why = "x"}, manual_clock::start);
        CHECK(cancelled.done());
        co_await store->add({some_job("new", "{}", {.ttl = 1ms})});
        const auto swept = co_await store->sweep({.now = manual_clock::start + 1h});
        CHECK(swept.news.size() == 1);
        co_await store->close();
    });
    CHECK(ask(path, "SELECT value FROM cofila_meta WHERE key = 'schema_version'") == sqlite::current_version);
}

TEST_SUITE_END();
