// Jobs that are added in transactions of the application's own.
#include <cofila/memory.hpp>

#include <boost/asio/awaitable.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "integration/shared_database.hpp"
#include "support/child_process.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"

namespace asio = boost::asio;
using namespace cofila;
using namespace cofila::test;
using namespace std::chrono_literals;

TEST_SUITE_BEGIN("postgres enqueue");

namespace {

using id_list = std::vector<std::string>;

asio::awaitable<id_list> waiting_ids(text_queue queue)
{
    id_list out;
    const auto page = co_await queue.get_jobs({.state = job_state::waiting});
    for (const auto& job : page.items)
        out.push_back(job.id().str());
    co_return out;
}

void check_unfit(const thrown_error& e, const std::string& text)
{
    CAPTURE(e.text);
    CHECK(e.code == errc::invalid_argument);
    CHECK(e.field == "db");
    CHECK(e.text.find(text) != std::string::npos);
}

}  // namespace

TEST_CASE("PostgreSQL: a job is there if and only if the application's transaction commits")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        const pg_connection mine;
        for (const auto* end : {"ROLLBACK", "COMMIT"}) {
            mine.run("BEGIN");
            mine.run(store.text("INSERT INTO @effects VALUES ('x')"));
            const auto id = enqueue(mine.db(), queue, "x", "it's \"quoted\"\\ \n\xC3\xA4", {.tags = {{"k", "v,\"}"}}});
            CHECK_FALSE((co_await queue.get_job(id)).has_value());
            CHECK(mine.run(end).empty());
            const auto job = co_await queue.get_job(id);
            CHECK(job.has_value() == (std::string{end} == "COMMIT"));
            CHECK(store.effects() == (job ? "1" : "0"));
            if (!job)
                continue;
            CHECK(job->data() == "it's \"quoted\"\\ \n\xC3\xA4");
            CHECK(job->options().tags.at("k") == "v,\"}");
        }
    });
}

TEST_CASE("PostgreSQL: jobs of both ways run in the order in which they were added, and an id counts once")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        const pg_connection mine;
        co_await queue.add("x", "text", {.id = "1"});
        mine.run("BEGIN");
        CHECK(enqueue(mine.db(), queue, "x", "text", {.id = "2"}) == "2");
        CHECK(enqueue(mine.db(), queue, "x", "other", {.id = "1"}) == "1");
        enqueue(mine.db(), queue, "x", "text", {.id = "0", .lifo = true});
        enqueue(mine.db(), queue, "x", "text", {.id = "3", .group = "g"});
        const deduplication dedup{.id = "d"};
        CHECK(enqueue(mine.db(), queue, "x", "text", {.id = "later", .delay = 1h, .dedup = dedup}) == "later");
        CHECK(enqueue(mine.db(), queue, "x", "text", {.id = "again", .delay = 1h, .dedup = dedup}) == "later");
        mine.run("COMMIT");
        co_await queue.add("x", "text", {.id = "4"});
        const auto there = co_await waiting_ids(queue);
        CHECK(there == id_list{"0", "1", "2", "3", "4"});
        const auto first = co_await queue.get_job("1");
        CHECK(first->data() == "text");
    });
}

TEST_CASE("PostgreSQL: many are added all or none, and an error names the index")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        const pg_connection mine;
        mine.run("BEGIN");
        std::vector<job_spec<std::string>> specs;
        for (int i = 0; i < 40; ++i)
            specs.push_back({.name = "x", .data = std::string(static_cast<std::size_t>(i) * 50, 'x')});
        specs[3].options.id = "three";
        const auto ids = enqueue_bulk(mine.db(), queue, specs);
        REQUIRE(ids.size() == 40);
        CHECK(ids[3] == "three");
        CHECK(std::ranges::is_sorted(ids.begin() + 4, ids.end()));
        specs[7].options.priority = -1;
        const auto e = error_of([&] { enqueue_bulk(mine.db(), queue, specs); });
        CHECK(e.code == errc::invalid_argument);
        CHECK(e.field == "[7].priority");
        CHECK(enqueue_bulk(mine.db(), queue, {}).empty());
        mine.run("COMMIT");
        const auto counts = co_await queue.get_job_counts();
        CHECK(counts.waiting == 40);
        const auto last = co_await queue.get_job(ids.back());
        CHECK(last->data().size() == 39 * 50);
    });
}

TEST_CASE("PostgreSQL: without an engine, by the names of schema and queue; by another driver, whose errors pass")
{
    const shared_database store;
    const pg_connection mine;
    const postgres::transaction_options here{.schema = store.schema.name()};
    struct refused_by_driver {};
    bool fails = false;
    const auto run = [&](const std::string& sql, const std::vector<postgres::sql_value>& values) {
        if (fails && sql.find("INSERT INTO") != std::string::npos) {
            fails = false;
            throw refused_by_driver{};
        }
        return mine.run_text(sql, values);
    };
    mine.run("BEGIN");
    enqueue({mine.db(), here}, "texts", "x", "text", {.id = "libpq"});
    enqueue({run, here}, "texts", "x", {"a\\", nullptr}, {.id = "driver", .attempts = 3});
    CHECK(enqueue({run, here}, "texts", "x", "text") != enqueue({run, here}, "texts", "x", "text"));
    fails = true;
    CHECK_THROWS_AS(enqueue({run, here}, "texts", "x", "text"), refused_by_driver);
    CHECK(error_of([&] { enqueue({run, here}, "", "x", "text"); }).field == "queue");
    CHECK(error_of([&] { enqueue({run, {.schema = "\"x"}}, "texts", "x", "text"); }).field == "schema");
    check_unfit(error_of([&] { enqueue(mine.db(), "texts", "x", "text"); }), "tables of cofila in this schema");
    mine.run("COMMIT");
    CHECK(
        store.ask("SELECT string_agg(data, ' ' ORDER BY key) FROM @jobs WHERE id IS NOT NULL") ==
        R"("text" ["a\\",null])"
    );
    CHECK(store.ask("SELECT attempts FROM @cofila_v_jobs WHERE id = 'driver'") == "3");
    CHECK(store.ask("SELECT waiting FROM @cofila_v_queues") == "4");
}

TEST_CASE("PostgreSQL: what queue::add refuses is refused alike, and the transaction goes on")
{
    const shared_database store;
    store.with_engine([&](engine& made) -> asio::awaitable<void> {
        auto queue = made.queue<double, int>("numbers", queue_options{.size_limit = 10});
        struct refused {
            std::string name;
            double data;
            job_options options;
        };
        const refused cases[] = {
            {"", 1, {}},
            {"x", std::numeric_limits<double>::infinity(), {}},
            {"x", 1.234567890123, {}},
            {"x", 1, {.id = ""}},
            {"x", 1, {.priority = 2'097'152}},
            {"x", 1, {.delay = -1ms}},
        };
        const pg_connection mine;
        mine.run("BEGIN");
        mine.run(store.text("INSERT INTO @effects VALUES ('before')"));
        for (const auto& c : cases) {
            const auto added = co_await error_of(queue.add(c.name, c.data, c.options));
            const auto enqueued = error_of([&] { enqueue(mine.db(), queue, c.name, c.data, c.options); });
            CHECK(added.code);
            CHECK(enqueued.code == added.code);
            CHECK(enqueued.field == added.field);
            CHECK(enqueued.text == added.text);
        }
        mine.run("COMMIT");
        CHECK(store.effects() == "1");
        CHECK(store.ask("SELECT count(*) FROM @jobs") == "0");
    });
}

TEST_CASE("PostgreSQL: a connection that lacks something is told what, and an error leaves the transaction as it was")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        const pg_connection mine;
        const auto refusal = [&] { return error_of([&] { enqueue(mine.db(), queue, "x", "text"); }); };
        check_unfit(refusal(), "begin one");
        mine.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
        check_unfit(refusal(), "READ COMMITTED");
        mine.run("ROLLBACK; BEGIN; SET LOCAL bytea_output = 'escape'");
        check_unfit(refusal(), "bytea_output");
        mine.run("ROLLBACK; BEGIN; SET LOCAL client_encoding = 'LATIN1'");
        check_unfit(refusal(), "UTF8");
        mine.run("ROLLBACK; BEGIN; SELECT 1 / 0");
        check_unfit(refusal(), "roll it back");
        mine.run("ROLLBACK; BEGIN");
        mine.run(store.text("INSERT INTO @effects VALUES ('mine')"));
        mine.run(store.text("UPDATE @meta SET value = '2' WHERE key = 'schema_version'"));
        CHECK(refusal().code == errc::storage_newer);
        mine.run(store.text("UPDATE @meta SET value = '1' WHERE key = 'schema_version'"));
        mine.run(store.text("UPDATE @meta SET value = 'another' WHERE key = 'installed_by'"));
        check_unfit(refusal(), "where the queue is");
        CHECK(mine.run("COMMIT").empty());
        CHECK(store.effects() == "1");
        auto elsewhere = co_await engine::open({.repository = memory_repository()});
        const auto other = elsewhere.queue<std::string, std::string>("texts");
        check_unfit(error_of([&] { enqueue(mine.db(), other, "x", "text"); }), "has no PostgreSQL database");
        co_await elsewhere.close();
    });
}

TEST_CASE("PostgreSQL: an idle worker of another process, which polls once an hour, starts what is enqueued here")
{
    const shared_database store;
    store.with_queue([&](text_queue queue) -> asio::awaitable<void> {
        const pg_connection mine;
        child_process idle{{program("COFILA_TEST_CHILD"), "idle", postgres_target(), store.schema.name()}};
        idle.read_until("ready");
        for (const auto* id : {"a", "b", "last"}) {
            mine.run("BEGIN");
            enqueue(mine.db(), queue, "x", "text");
            mine.run("ROLLBACK; BEGIN");
            enqueue(mine.db(), queue, id, "text", {.id = id});
            mine.run("COMMIT");
            CHECK(idle.read_until("started") == std::string{"started "} + id);
            idle.read_until("completed");
        }
        CHECK(idle.wait() == 0);
        CHECK(store.ask("SELECT count(*) FROM @jobs") == "3");
        co_return;
    });
}

TEST_CASE("PostgreSQL: quiet, nobody is notified")
{
    const shared_database store;
    const pg_connection listener;
    listener.run("LISTEN cofila_" + store.schema.name());
    const pg_connection mine;
    const auto count_heard = [&] {
        listener.run("SELECT 1");
        int heard = 0;
        while (auto* const one = PQnotifies(&listener.db())) {
            PQfreemem(one);
            ++heard;
        }
        return heard;
    };
    for (const bool quiet : {true, false}) {
        mine.run("BEGIN");
        enqueue({mine.db(), {.quiet = quiet, .schema = store.schema.name()}}, "texts", "x", "text");
        mine.run("COMMIT");
        CHECK(count_heard() == (quiet ? 0 : 1));
    }
}

TEST_SUITE_END();
